import type { Finding } from '../../api/types'
import { CopyButton, Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { VexVoices } from './VexVoices'
import style from './FindingWhy.module.css'

/** The whole why of a finding: which package, found where, in which layer, compared with what. */
export function FindingWhy({ finding }: { finding: Partial<Finding> }) {
  const { why } = finding
  return (
    <div className={style.why}>
      {why && (
        <ol className={style.trail} aria-label="From the package to the layer">
          <li>
            <span className={style.step}>package</span>
            <code>{why.package || finding.component}</code>
          </li>
          {why.paths.map((path) => (
            <li key={path}>
              <span className={style.step}>file</span>
              <code>{path}</code>
              <CopyButton text={path} what="the path" />
            </li>
          ))}
          {why.layer !== '' && (
            <li>
              <span className={style.step}>layer{why.layerIndex === null ? '' : ` ${why.layerIndex}`}</span>
              <Digest value={why.layer} label="layer digest" />
            </li>
          )}
        </ol>
      )}
      <dl className={style.facts}>
        {why && (
          <div>
            <dt>Advisory</dt>
            <dd>
              <code>{why.advisory}</code> says <code>{why.range}</code>; compared <code>{why.compared}</code>
            </dd>
          </div>
        )}
        {finding.fixed !== undefined && (
          <div>
            <dt>Fixed in</dt>
            <dd>{finding.fixed === '' ? 'no version yet' : <code>{finding.fixed}</code>}</dd>
          </div>
        )}
        {finding.aliases !== undefined && finding.aliases.length > 0 && (
          <div>
            <dt>Also called</dt>
            <dd>{finding.aliases.join(', ')}</dd>
          </div>
        )}
        {finding.note && (
          <div>
            <dt>Note</dt>
            <dd>
              <Icon name="info-circle" size={14} /> {finding.note}
            </dd>
          </div>
        )}
      </dl>
      <VexVoices finding={finding} />
    </div>
  )
}
