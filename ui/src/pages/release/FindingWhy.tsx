import { useQuery } from '@tanstack/react-query'
import { imageQuery } from '../../api/queries'
import type { Finding } from '../../api/types'
import { type Part, partOf, programOf } from '../../release/image'
import { CopyButton, Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { VexVoices } from './VexVoices'
import style from './FindingWhy.module.css'

const PARTS: Readonly<Record<Part, string>> = {
  program: 'this package is what is run',
  way: 'this package is on the way to it',
  beside: 'this package lies beside it',
  unknown: '',
}

/** What is run, and what the package has to do with it. Whether the program uses it is another question. */
function Runs({ finding, scan }: { finding: Partial<Finding>; scan: string }) {
  const entry = useQuery(imageQuery(scan)).data?.traits?.entry
  if (!entry) return null
  const part = partOf(entry, finding.purl ?? '', finding.why?.paths ?? [])
  return (
    <li>
      <span className={style.step}>entry point</span>
      {part === 'unknown' ? <span className="muted">unknown: {entry.reason}</span> : <code>{programOf(entry)}</code>}
      <span className="muted">{PARTS[part]}</span>
    </li>
  )
}

/** Whether it can be reached, and how that is known: functions that are linked, or libraries that are loaded. */
function ReachReason({ finding }: { finding: Partial<Finding> }) {
  const why = finding.reachWhy
  if (finding.reach === undefined) return null
  return (
    <div>
      <dt>Reachability</dt>
      <dd>
        <section aria-label="Reachability">
          <span className="strong">{finding.reach}</span>
          {why ? <span>: {why.reason}</span> : <span className="muted">: nobody has looked</span>}
          {why && why.symbols.length > 0 && (
            <ul className="stack tight" aria-label="Vulnerable functions that are linked">
              {why.symbols.map((symbol) => (
                <li key={symbol}>
                  <code>{symbol}</code>
                </li>
              ))}
            </ul>
          )}
          {why && why.chain.length > 1 && (
            <p className="muted" aria-label="From the program to the library">
              <code>{why.chain.join(' → ')}</code>
            </p>
          )}
        </section>
      </dd>
    </div>
  )
}

/**
 * The whole why of a finding: which package, found where, in which layer, compared with what. `scan`: whose image it
 * is, where that is known; then it ends at the program that is run.
 */
export function FindingWhy({ finding, scan }: { finding: Partial<Finding>; scan?: string }) {
  const { why } = finding
  return (
    <div className={style.why}>
      {why && (
        <ol className={style.trail} aria-label="From the package to the entry point">
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
          {scan !== undefined && <Runs finding={finding} scan={scan} />}
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
        <ReachReason finding={finding} />
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
