import { Button, NativeSelect } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { environmentsQuery } from '../../api/queries'
import { problemFrom } from '../../api/refused'
import { useWhyNot } from '../../api/session'
import type { PolicyCheck, Problem, Simulation } from '../../api/types'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { type Look, State } from '../../widgets/State'
import { Time } from '../../widgets/Time'
import { count } from '../../words/text'
import style from './Document.module.css'

/** What a draft's tests say, and what it would have said of past decisions. Nothing is stored. */
export function PolicyPanels({ text }: { text: string }) {
  const mayNot = useWhyNot('policy.change')
  return (
    <>
      <Tests text={text} mayNot={mayNot} />
      <History text={text} mayNot={mayNot} />
    </>
  )
}

interface Props {
  text: string
  mayNot: string | undefined
}

/** Something that is asked of a text now and then; of another text it is no answer any more. */
function useAsked<Answer>(text: string) {
  const [asked, setAsked] = useState<{ text: string; answer?: Answer; problem?: Problem }>()
  const [busy, setBusy] = useState(false)
  const ask = async (call: () => Promise<Answer>) => {
    setBusy(true)
    try {
      setAsked({ text, answer: await call() })
    } catch (error) {
      setAsked({ text, problem: problemFrom(error) })
    } finally {
      setBusy(false)
    }
  }
  return { ask, busy, answer: asked?.answer, problem: asked?.problem, isOld: asked !== undefined && asked.text !== text }
}

const TEST: Readonly<Record<string, Look>> = {
  pass: { tone: 'good', icon: 'circle-check', word: 'holds' },
  blocked: { tone: 'bad', icon: 'circle-x', word: 'does not hold' },
  unknown: { tone: 'open', icon: 'help-circle', word: 'broke' },
}

function Tests({ text, mayNot }: Props) {
  const { ask, busy, answer, problem, isOld } = useAsked<PolicyCheck>(text)
  const tests = answer?.tests ?? []
  return (
    <Panel
      title="Its tests"
      label="Its tests"
      flush
      side={
        <ActionButton
          size="compact-xs"
          variant="default"
          whyNot={mayNot}
          loading={busy}
          onClick={() => void ask(() => take(api.POST('/api/v1/policies/check', { body: { text } })))}
        >
          Run them
        </ActionButton>
      }
    >
      {problem && <Refusal problem={problem} />}
      {isOld && <p className={`muted ${style.note}`}>The text has changed since.</p>}
      {answer !== undefined && tests.length === 0 && (
        <p className={style.note}>It compiles, and has no test: write `tests` in plain YAML, or rules test_... in files ..._test.rego.</p>
      )}
      {answer === undefined && problem === undefined && (
        <p className={`muted ${style.note}`}>Run on the server, in a process that no draft can hold up.</p>
      )}
      {tests.length > 0 && (
        <ul className={style.tests} aria-label="Tests">
          {tests.map((one) => (
            <li key={`${one.file} ${one.name}`}>
              <span className="row between">
                <span>{one.name}</span>
                <State look={TEST[one.outcome] ?? { tone: 'idle', icon: 'help-circle', word: one.outcome }} />
              </span>
              {one.message !== '' && <span className="muted small">{one.message}</span>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

function History({ text, mayNot }: Props) {
  const environments = useSuspenseQuery(environmentsQuery).data.items
  const [of, setOf] = useState('')
  const { ask, busy, answer, problem, isOld } = useAsked<Simulation>(text)
  const run = (cursor: string | null, before?: Simulation) =>
    void ask(async () => {
      const body = { files: {}, text, limit: 100, release: null, environment: null, of: of || null, cursor }
      const part = await take(api.POST('/api/v1/policies/simulate', { body }))
      return before === undefined ? part : { ...part, judged: before.judged + part.judged, flips: [...before.flips, ...part.flips], skipped: [...before.skipped, ...part.skipped] }
    })
  return (
    <Panel
      title="What it would have said"
      label="What it would have said"
      flush
      side={
        <>
          <NativeSelect
            size="xs"
            aria-label="Of which decisions"
            value={of}
            onChange={(event) => setOf(event.currentTarget.value)}
            data={[{ value: '', label: 'all environments' }, ...environments.map(({ name }) => ({ value: name, label: name }))]}
          />
          <ActionButton size="compact-xs" variant="default" whyNot={mayNot} loading={busy} onClick={() => run(null)}>
            Try it on history
          </ActionButton>
        </>
      }
    >
      {problem && <Refusal problem={problem} />}
      {isOld && <p className={`muted ${style.note}`}>The text has changed since.</p>}
      {answer === undefined && problem === undefined && (
        <p className={`muted ${style.note}`}>Past decisions are made again with this draft; those that would flip are listed.</p>
      )}
      {answer && <Flips answer={answer} />}
      {answer?.next && !isOld && (
        <div className={style.note}>
          <Button size="compact-xs" variant="default" loading={busy} onClick={() => run(answer.next, answer)}>
            Ask about the {count(answer.left, 'older decision')}
          </Button>
        </div>
      )}
    </Panel>
  )
}

const GATE: Readonly<Record<string, string>> = { pass: 'passed', blocked: 'was blocked', unknown: 'was unknown' }
const NOW: Readonly<Record<string, string>> = { pass: 'would pass', blocked: 'would be blocked', unknown: 'would be unknown' }

function Flips({ answer }: { answer: Simulation }) {
  const { judged, flips, skipped, stopped } = answer
  return (
    <>
      <p className={style.note}>
        {count(judged, 'decision')} asked, <strong>{flips.length === 0 ? 'none flips' : `${flips.length} would flip`}</strong>
        {skipped.length > 0 && `; ${skipped.length} cannot be made again`}
        {stopped !== '' && `; it stopped: ${stopped}`}
      </p>
      {flips.length > 0 && (
        <ul className={style.flips} aria-label="Decisions that would flip">
          {flips.map((one) => (
            <li key={`${one.promotion} ${one.decidedAt}`}>
              <span className="row wrap">
                {one.promotion === null ? (
                  <span>{`${one.name} ${one.version}`}</span>
                ) : (
                  <Link {...paths.promotion(one.promotion)}>{`${one.name} ${one.version}`}</Link>
                )}
                <span>
                  to {one.environment} {GATE[one.before] ?? one.before} <Time at={one.decidedAt} />, and{' '}
                  <strong>{NOW[one.after] ?? one.after}</strong>
                </span>
              </span>
              {one.reasons.slice(0, 3).map((reason) => (
                <span key={`${reason.rule} ${reason.message}`} className="muted small">
                  {reason.rule}: {reason.message}
                </span>
              ))}
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
