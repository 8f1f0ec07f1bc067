import { useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import { runQuery } from '../../api/workflows'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { lookOf } from '../../promotion/states'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { RUN } from '../../workflow/states'
import { askedOf, linesOf, lookOfStep, progressOf, sectionsOf, type StepLine } from '../../workflow/steps'
import { Canvas } from './Canvas'
import style from './Run.module.css'
import { RunAbout } from './RunAbout'
import { RunActions } from './RunActions'
import { RunTook } from './RunsPage'
import { StepList } from './StepList'
import type { CanvasStep } from './StepNode'
import { StepPanel } from './StepPanel'

const route = getRouteApi('/shell/runs/$run')
const POLL_MS = 2000

/** A run as it goes: its steps on a canvas and in a list, and all of the one that is looked at. */
export function RunPage() {
  const { run: id } = route.useParams()
  const { step: wanted } = route.useSearch()
  const navigate = useNavigate()
  const run = useSuspenseQuery({
    ...runQuery(id),
    refetchInterval: (query) => (query.state.data?.isOver === false ? POLL_MS : false),
  }).data
  const lines = useMemo(() => linesOf(run.nodes), [run.nodes])
  const steps = useMemo(() => lines.map(canvasStep), [lines])
  const sections = useMemo(() => sectionsOf(lines), [lines])
  const node = run.nodes.find(({ key }) => key === wanted)
  const look = useCallback(
    (step: string | undefined) =>
      void navigate({ ...paths.run(id, step === undefined ? {} : { step }), replace: true, resetScroll: false }),
    [id, navigate],
  )
  const asked = askedOf(run.nodes)
  return (
    <>
      <PageHead
        title={`Run of ${run.workflow}`}
        sub={
          <>
            <State look={lookOf(RUN, run.state)} pill />
            <Link {...paths.workflow(run.workflow)}>
              {run.workflow} version {run.version}
            </Link>
            <span>
              asked for <Time at={run.at} /> by {run.by.name}, {run.endedAt ? 'took' : 'for'} <RunTook of={run} />
            </span>
            {run.cancelAskedAt !== null && !run.isOver && <State look={{ tone: 'wait', icon: 'player-stop', word: 'Being cancelled' }} />}
          </>
        }
        actions={<RunActions run={run} />}
      />
      {run.message !== '' && (
        <p className={`${style.why} ${run.isOver ? 'tone-bad' : 'tone-wait'}`}>
          <Icon name="info-circle" /> {run.message}
        </p>
      )}
      {asked.length > 0 && (
        <ul className={style.asked} aria-label="Waits for a person">
          {asked.map((one) => (
            <li key={one.key}>
              <button type="button" className={style.ask} data-mine={one.asked?.whyNot === null || undefined} onClick={() => look(one.key)}>
                <Icon name={one.asked?.whyNot === null ? 'hand-stop' : 'user'} size={15} />
                <strong>{one.key}</strong>
                <span className="muted clip">
                  {one.asked?.whyNot === null ? 'waits for your word' : (one.asked?.whyNot ?? '')}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <div className={style.page} data-open={node !== undefined || undefined}>
        <StepList lines={lines} selected={node?.key} onSelect={look} />
        <div className={style.canvas}>
          <Canvas label="Steps and what they need" steps={steps} sections={sections} selected={node?.step} onSelect={look} />
        </div>
        <div className={`stack ${style.side}`}>
          {node === undefined ? (
            <RunAbout run={run} missing={wanted} />
          ) : (
            <StepPanel key={node.key} run={run} node={node} line={lines.find(({ step }) => step.step === node.step)} onSelect={look} />
          )}
          <CommandHint command={commands.watchRun(run.id)} />
        </div>
      </div>
    </>
  )
}

function canvasStep(line: StepLine): CanvasStep {
  const { step, undo } = line
  return {
    id: step.step,
    sub: step.uses,
    isEnd: step.section === 'finally',
    look: lookOfStep(step),
    note: undo.length > 0 ? 'taken back' : progressOf(line),
  }
}
