import { useSuspenseQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { doctorQuery, versionQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Check } from '../../api/types'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Command } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Words } from '../../widgets/Words'
import { count } from '../../words/text'
import { BundleDialog, FixDialog } from './DoctorDialogs'
import style from './SystemPage.module.css'

const CHECK: Readonly<Record<string, Look>> = {
  pass: { tone: 'good', icon: 'circle-check', word: 'Pass' },
  blocked: { tone: 'bad', icon: 'circle-x', word: 'Fails' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
}

/** What a terminal takes as it is; anything else is a sentence. */
const COMMAND = /^(?:stella|tar|rm|mv|chmod|chown|timedatectl) [^,]*$/

type Open = { kind: 'nothing' | 'bundle' } | { kind: 'fix'; check: Check }

/** What `stella doctor` says of this server, by area, and how to mend it. */
export function SystemPage() {
  const doctor = useSuspenseQuery(doctorQuery)
  const version = useSuspenseQuery(versionQuery).data
  const mayNot = useWhyNot('server.change')
  const [open, setOpen] = useState<Open>({ kind: 'nothing' })
  const close = () => setOpen({ kind: 'nothing' })
  const checks = doctor.data.checks
  const bad = checks.filter(({ outcome }) => outcome !== 'pass').length
  return (
    <>
      <PageHead
        title="System"
        sub={
          <State
            look={
              bad === 0
                ? { tone: 'good', icon: 'circle-check', word: 'Every check passes' }
                : { tone: 'wait', icon: 'alert-triangle', word: `${bad} of ${checks.length} checks want attention` }
            }
          />
        }
        actions={
          <>
            <ActionButton
              variant="default"
              whyNot={mayNot}
              leftSection={<Icon name="file-text" />}
              onClick={() => setOpen({ kind: 'bundle' })}
            >
              Support bundle
            </ActionButton>
            <ActionButton
              variant="default"
              loading={doctor.isFetching}
              leftSection={<Icon name="refresh" />}
              onClick={() => void doctor.refetch()}
            >
              Check again
            </ActionButton>
          </>
        }
      />
      <div className="split">
        <div className="stack">
          {areasOf(checks).map(([area, found]) => (
            <AreaPanel
              key={area}
              area={area}
              checks={found}
              mayNot={mayNot}
              onFix={(check) => setOpen({ kind: 'fix', check })}
            />
          ))}
        </div>
        <Panel title="About">
          <Pairs
            of={[
              ['Server', `Stella Ops ${version.version}`],
              ['Trust', <a key="root" href="/api/v1/trust/root" download="trusted_root.json">the trusted root, to verify with elsewhere</a>],
              ['API', <a key="api" href="/api/v1/openapi.json">OpenAPI document</a>],
            ]}
          />
        </Panel>
      </div>
      {open.kind === 'fix' && <FixDialog check={open.check} close={close} />}
      {open.kind === 'bundle' && <BundleDialog close={close} />}
    </>
  )
}

const isIll = ([, all]: readonly [string, readonly Check[]]) => all.some(({ outcome }) => outcome !== 'pass')

/** What wants attention first; else in the order of the server, which is that of `stella doctor`. */
function areasOf(checks: readonly Check[]): [string, Check[]][] {
  const found = new Map<string, Check[]>()
  for (const check of checks) found.set(check.area, [...(found.get(check.area) ?? []), check])
  return [...[...found].filter(isIll), ...[...found].filter((one) => !isIll(one))]
}

interface AreaProps {
  area: string
  checks: readonly Check[]
  mayNot: string | undefined
  onFix: (check: Check) => void
}

function AreaPanel({ area, checks, mayNot, onFix }: AreaProps) {
  const bad = checks.filter(({ outcome }) => outcome !== 'pass').length
  return (
    <Panel
      title={area.charAt(0).toUpperCase() + area.slice(1)}
      label={area}
      flush
      side={<span className="muted">{bad === 0 ? count(checks.length, 'check') : `${bad} of ${checks.length} want attention`}</span>}
    >
      <ul>
        {checks.map((check) => (
          <li key={`${check.id} ${check.name}`} className={style.check}>
            <State look={lookOf(CHECK, check.outcome)} />
            <span className="strong" title={`${check.why} ${check.how}`}>
              {check.name}
            </span>
            <div className="stack tight">
              <span>{check.detail}</span>
              {check.fix !== '' && (
                <>
                  <span className="muted">{check.why}</span>
                  <Fix fix={check.fix} name={check.name} />
                </>
              )}
              {check.canFix && (
                <div>
                  <ActionButton size="compact-xs" variant="default" whyNot={mayNot} onClick={() => onFix(check)}>
                    Mend it
                  </ActionButton>
                </div>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

/** One line to copy, or a sentence. */
function Fix({ fix, name }: { fix: string; name: string }) {
  if (COMMAND.test(fix)) return <Command text={fix} label={`what mends ${name}`} />
  return (
    <span>
      <span className="muted">Fix:</span> <Words text={fix} />
    </span>
  )
}
