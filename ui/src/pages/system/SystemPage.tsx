import { useSuspenseQuery } from '@tanstack/react-query'
import { doctorQuery, versionQuery } from '../../api/queries'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { type Look, State } from '../../widgets/State'
import { Words } from '../../widgets/Words'
import style from './SystemPage.module.css'

const CHECK: Readonly<Record<string, Look>> = {
  pass: { tone: 'good', icon: 'circle-check', word: 'Pass' },
  blocked: { tone: 'bad', icon: 'circle-x', word: 'Fails' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'Unknown' },
}

/** What `stella doctor` says of this server, and how to mend it. */
export function SystemPage() {
  const doctor = useSuspenseQuery(doctorQuery)
  const version = useSuspenseQuery(versionQuery).data
  const bad = doctor.data.checks.filter(({ outcome }) => outcome !== 'pass').length
  return (
    <>
      <PageHead
        title="System"
        sub={
          <State
            look={
              bad === 0
                ? { tone: 'good', icon: 'circle-check', word: 'Every check passes' }
                : { tone: 'wait', icon: 'alert-triangle', word: `${bad} of ${doctor.data.checks.length} checks want attention` }
            }
          />
        }
        actions={
          <ActionButton
            variant="default"
            loading={doctor.isFetching}
            leftSection={<Icon name="refresh" />}
            onClick={() => void doctor.refetch()}
          >
            Check again
          </ActionButton>
        }
      />
      <div className="split">
        <Panel title="Checks" flush>
          <ul>
            {doctor.data.checks.map((check) => (
              <li key={check.name} className={style.check}>
                <State look={lookOf(CHECK, check.outcome)} />
                <span className="strong">{check.name}</span>
                <span className="stack tight">
                  <span>{check.detail}</span>
                  {check.fix && (
                    <span>
                      <span className="muted">Fix:</span> <Words text={check.fix} />
                    </span>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
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
    </>
  )
}
