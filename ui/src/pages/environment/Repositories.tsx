import { useSuspenseQuery } from '@tanstack/react-query'
import { repositoriesQuery } from '../../api/repositories'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { FollowedRepository } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { REPOSITORY } from '../../environment/repositories'
import { lookOf } from '../../promotion/states'
import { ActionButton } from '../../widgets/ActionButton'
import { CommandHint } from '../../widgets/Dialog'
import { Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'
import style from './EnvironmentsPage.module.css'

/** The repositories whose commits say what is configured; nothing where none is followed. */
export function Repositories() {
  const repositories = useSuspenseQuery(repositoriesQuery).data.items
  if (repositories.length === 0) return null
  return (
    <section className={style.lifecycles} aria-label="Followed repositories">
      <h2>Followed repositories</h2>
      {repositories.map((one) => (
        <Repository key={one.name} of={one} />
      ))}
    </section>
  )
}

function Repository({ of }: { of: FollowedRepository }) {
  const { name, head, refusal, applied, appliedAt, checkedAt, isAskedFor } = of
  const mayNot = useWhyNot('environment.change')
  const act = useAct(
    (_: object, headers) =>
      take(api.POST('/api/v1/repositories/{name}/sync', { params: { path: { name } }, headers })),
    () => say(`${name} is looked at`),
  )
  return (
    <Panel
      title={name}
      side={
        <span className="row">
          <State look={lookOf(REPOSITORY, of.state)} pill />
          <ActionButton
            size="compact-xs"
            variant="default"
            whyNot={mayNot}
            loading={act.busy || isAskedFor}
            onClick={() => act.run({})}
          >
            Look now
          </ActionButton>
        </span>
      }
    >
      <div className="stack near">
        {refusal !== null && (
          <div className="stack tight" role="alert">
            <span>{refusal.message}</span>
            <span className="muted small">
              {refusal.advice} ({refusal.code}) What was applied before goes on.
            </span>
          </div>
        )}
        <Pairs
          of={[
            [
              'Applied',
              applied === null ? (
                <span key="applied" className="muted">
                  nothing yet
                </span>
              ) : (
                <span key="applied">
                  <code>{applied.slice(0, 12)}</code>{' '}
                  <span className="muted">
                    since <Time at={appliedAt ?? ''} />, {count(of.documents, 'document')}
                  </span>
                </span>
              ),
            ],
            ...(head !== null && head.id !== applied
              ? [['Newest', <Newest key="head" of={head} />] as const]
              : []),
            ['From', `${of.repository}, ${of.branch}, by ${of.integration}`],
            ['Files', of.files.join(', ')],
            ...(of.counted.length > 0
              ? [['That count', <CountedFiles key="counted" of={of.counted} />] as const]
              : []),
            ['Commits', of.signedCommits ? 'have to be signed' : 'need no signature'],
            ...(of.kinds.length > 0 ? [['May bring also', of.kinds.join(', ')] as const] : []),
            [
              'Looked at',
              checkedAt === null ? (
                <span key="checked" className="muted">
                  not yet
                </span>
              ) : (
                <Time key="checked" at={checkedAt} />
              ),
            ],
          ]}
        />
        <CommandHint command={commands.repository(name)} />
      </div>
    </Panel>
  )
}

function CountedFiles({ of: files }: { of: FollowedRepository['counted'] }) {
  return (
    <details>
      <summary className="muted">{count(files.length, 'file')}</summary>
      <ul className="stack tight">
        {files.map((one) => (
          <li key={one.path}>
            <code>{one.path}</code>{' '}
            <span className="muted">{count(one.documents, 'document')}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Newest({ of: head }: { of: NonNullable<FollowedRepository['head']> }) {
  return (
    <span>
      <code>{head.id.slice(0, 12)}</code> {head.title} <span className="muted">by {head.author}</span>
    </span>
  )
}
