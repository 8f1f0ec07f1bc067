import type { Finding } from '../../api/types'
import { Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Time } from '../../widgets/Time'
import style from './VexVoices.module.css'

/** Who says whether a finding matters, and why those who were not heard were not. */
export function VexVoices({ finding }: { finding: Partial<Finding> }) {
  const why = finding.vexWhy
  if (!why) return null
  const reason = [why.justification.replaceAll('_', ' '), why.impact, why.action].filter((text) => text !== '').join('; ')
  return (
    <section className={style.vex} aria-label="VEX">
      <p>
        <span className="strong">{word(finding.vex ?? 'none')}</span>
        {reason !== '' && <span>: {reason}</span>}
      </p>
      <ul className="stack tight">
        {why.voices.map((voice, place) => (
          <li key={`${place} ${voice.document}`} className={voice.counts ? undefined : 'muted'}>
            <Icon name={voice.counts ? 'check' : 'ban'} size={14} /> <span>{word(voice.status)}</span> says{' '}
            {voice.issuer} (weight {voice.weight}, {voice.basis})
            {voice.at !== '' && (
              <>
                {' '}
                <Time at={voice.at} />
              </>
            )}
            , of {voice.scope}
            {voice.expires !== '' && (
              <>
                , until <Time at={voice.expires} exact />
              </>
            )}
            {!voice.counts && <>; does not count: {voice.why}</>} <Digest value={voice.document} label="document" />
          </li>
        ))}
      </ul>
      {why.unheard > 0 && <p className="muted">and {why.unheard} more statements</p>}
    </section>
  )
}

const word = (state: string) => state.replaceAll('_', ' ')
