import { useQueries, useQuery } from '@tanstack/react-query'
import { previewQuery } from '../../api/preview'
import { problemFrom } from '../../api/refused'
import type { Decision, Preview, Release } from '../../api/types'
import { commands } from '../../commands'
import { GATE, lookOf } from '../../promotion/states'
import { verdictLine, verdictsText, WOULD } from '../../promotion/verdicts'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { State } from '../../widgets/State'
import { Words } from '../../widgets/Words'
import { type Asking, togetherIn } from './asking'
import { Changes } from './Changes'
import { Gates } from './Gates'
import { PlanView } from './PlanView'
import style from './Previews.module.css'

interface Props {
  asking: Asking
  of: Release | undefined
}

/** What would happen: in one environment in full, in several first the verdict of each. */
export function Previews({ asking, of }: Props) {
  const [only] = asking.environments
  if (asking.environments.length === 1 && only !== undefined) return <One asking={asking} of={of} environment={only} />
  return <Several asking={asking} of={of} />
}

const named = (asking: Asking, of: Release | undefined) =>
  of ?? { id: asking.release, name: 'release', version: asking.release, releaseDigest: '' }

function One({ asking, of, environment }: Props & { environment: string }) {
  const { release, hotfix, ticket } = asking
  const preview = useQuery(previewQuery(release, environment, hotfix, ticket))
  if (preview.isPending) return <Loading label="Asking the gates" />
  if (preview.error) {
    return <Refusal problem={problemFrom(preview.error)} onRetry={() => void preview.refetch()} />
  }
  const { decision, plan, diff } = preview.data
  return (
    <>
      <Panel
        title="What the gates would say"
        side={<CommandHint command={commands.dryRun(release, [environment], hotfix, ticket)} />}
        flush
      >
        <p className={`row wrap ${style.verdict}`}>
          <State look={lookOf(GATE, decision.outcome)} pill />
          {WOULD[decision.outcome]}
        </p>
        <Gates decision={decision} />
      </Panel>
      <Changes diff={diff} to={named(asking, of)} environment={environment} />
      <PlanView plan={plan} />
    </>
  )
}

function Several({ asking, of }: Props) {
  const { release, environments, hotfix, ticket } = asking
  const previews = useQueries({
    queries: environments.map((one) => previewQuery(release, one, hotfix, ticket, togetherIn(asking))),
  })
  const outcomes = previews.flatMap(({ data }) => (data ? [data.decision.outcome] : []))
  const isWhole = outcomes.length === environments.length
  return (
    <Panel
      title="What the gates of each would say"
      label="What the gates of each would say"
      side={<CommandHint command={commands.dryRun(release, environments, hotfix, ticket)} />}
      flush
    >
      <p className={style.verdict}>
        {isWhole ? (
          <>
            <span className="strong">{verdictsText(outcomes)}</span>{' '}
            <span className="muted">Each is judged by itself; it is asked for in all of them, or in none.</span>
          </>
        ) : (
          <span className="muted">Asking the gates of {environments.length} environments</span>
        )}
      </p>
      <ol>
        {environments.map((environment, index) => {
          const preview = previews[index]
          return (
            <li key={environment} className={style.one}>
              {preview?.data && <Row environment={environment} preview={preview.data} to={named(asking, of)} />}
              {preview?.isPending && <Loading label={`Asking the gates of ${environment}`} lines={1} inset />}
              {preview?.error && (
                <div className={style.verdict}>
                  <p className="strong">{environment}</p>
                  <Refusal problem={problemFrom(preview.error)} onRetry={() => void preview.refetch()} />
                </div>
              )}
            </li>
          )
        })}
      </ol>
    </Panel>
  )
}

const changedText = ({ diff }: Preview) => {
  const changed = diff.components.filter((one) => one.changed).length
  return `${changed} of ${diff.components.length} change`
}

/** One environment's verdict; the whole of it unfolds. */
function Row({ environment, preview, to }: { environment: string; preview: Preview; to: ReturnType<typeof named> }) {
  const { decision, plan, diff } = preview
  return (
    <details>
      <summary className={style.head}>
        <span className={style.state}>
          <State look={lookOf(GATE, decision.outcome)} />
        </span>
        <span className={`strong ${style.name}`}>{environment}</span>
        <span className={`grow ${wordTone(decision)}`}>
          <Words text={verdictLine(decision)} />
        </span>
        <span className="muted nowrap">{changedText(preview)}</span>
        <span className={style.fold}>
          <Icon name="chevron-down" size={14} />
        </span>
      </summary>
      <div className={`stack ${style.whole}`}>
        <Panel title={`Gates of ${environment}`} flush>
          <Gates decision={decision} />
        </Panel>
        <Changes diff={diff} to={to} environment={environment} />
        <PlanView plan={plan} />
      </div>
    </details>
  )
}

const wordTone = ({ outcome }: Decision) => (outcome === 'pass' ? 'muted' : '')
