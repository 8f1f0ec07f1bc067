import { useQuery } from '@tanstack/react-query'
import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { answerQuery } from '../../api/findings'
import { problemFrom } from '../../api/refused'
import type { Answer, CitedSentence } from '../../api/types'
import { commands } from '../../commands'
import { Command } from '../../widgets/Copy'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { WrittenAnswer } from './WrittenAnswer'

/** Asked of the stored texts alone: sentences are chosen there, never made, and each one is cited. */
export function AnswerPanel({ about }: { about: string }) {
  const [text, setText] = useState('')
  const [question, setQuestion] = useState(about)
  const answer = useQuery({ ...answerQuery(question), retry: false })
  const ask = (event: FormEvent) => {
    event.preventDefault()
    const said = text.trim()
    setQuestion(said === '' || said.toLowerCase().includes(about.toLowerCase()) ? said || about : `${about} ${said}`)
  }
  return (
    <Panel title="In short" label="In short" side={<span className="muted">chosen from stored texts, no part of a decision</span>}>
      <div className="stack">
        <form className="row" role="search" onSubmit={ask}>
          <TextInput
            aria-label={`Ask about ${about}`}
            placeholder={`Ask about ${about}`}
            value={text}
            maxLength={900}
            onChange={(event) => setText(event.currentTarget.value)}
            style={{ flex: 1 }}
          />
          <Button type="submit" variant="default">
            Ask
          </Button>
        </form>
        {answer.isLoading && <Loading />}
        {answer.error && <Refusal problem={problemFrom(answer.error)} />}
        {answer.data && <Told answer={answer.data} />}
        <Command text={commands.ask(question)} label="the command that says so" />
        <WrittenAnswer key={question} question={question} />
      </div>
    </Panel>
  )
}

function Told({ answer }: { answer: Answer }) {
  return (
    <div className="stack" aria-live="polite">
      <Part title="What it is" sentences={answer.whatItIs} />
      <Part title="Does it touch us" sentences={answer.touchesUs} />
      <Part title="What to do" sentences={answer.whatToDo} />
      {answer.missing.map((one) => (
        <p key={one} className="muted">
          {one}
        </p>
      ))}
      {answer.passages.length > 0 && (
        <details>
          <summary>{answer.passages.length} sources</summary>
          <ol>
            {answer.passages.map((one) => (
              <li key={one.number} id={`source-${one.number}`} value={one.number}>
                [{one.number}] {one.kind}, {one.source}: <code className="muted">{one.place}</code>
                <blockquote style={{ whiteSpace: 'pre-line' }}>{one.text}</blockquote>
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  )
}

function Part({ title, sentences }: { title: string; sentences: readonly CitedSentence[] }) {
  if (sentences.length === 0) return null
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <p>
        {sentences.map(({ text, cites }) => (
          <span key={text}>
            {text} <span className="muted">[{cites.join(', ')}]</span>{' '}
          </span>
        ))}
      </p>
    </section>
  )
}
