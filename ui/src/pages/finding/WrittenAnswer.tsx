import { useQuery } from '@tanstack/react-query'
import { Button } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { integrationsQuery } from '../../api/queries'
import type { WrittenAnswer as Written, WrittenSentence } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Command } from '../../widgets/Copy'
import { Refusal } from '../../widgets/Refusal'

/** The same question, to a language model that someone integrated: asked when a person wants it, never before. */
export function WrittenAnswer({ question }: { question: string }) {
  const [written, setWritten] = useState<Written>()
  const integrations = useQuery(integrationsQuery)
  const ask = useAct(
    (writtenBy: string, headers) => take(api.POST('/api/v1/answers', { body: { question, writtenBy }, headers })),
    setWritten,
  )
  const models = integrations.data?.items.filter((one) => one.kind === 'language_model' && one.enabled) ?? []
  if (models.length === 0) return null
  return (
    <section className="stack" aria-label="Written answer" aria-live="polite">
      <div className="row">
        {models.map(({ name }) => (
          <Button key={name} variant="default" loading={ask.busy} onClick={() => ask.run(name)}>
            Let {name} write it
          </Button>
        ))}
        <span className="muted">from the same texts, which it is sent; each sentence is shown with what it quotes</span>
      </div>
      {ask.problem && <Refusal problem={ask.problem} />}
      {written && <Told written={written} />}
    </section>
  )
}

function Told({ written }: { written: Written }) {
  const parts = [
    ['What it is', written.whatItIs],
    ['Does it touch us', written.touchesUs],
    ['What to do', written.whatToDo],
  ] as const
  const whose = (number: number) => {
    const of = written.passages.find((one) => one.number === number)
    return of === undefined ? '' : `(${of.kind}, ${of.source})`
  }
  const shown = parts.filter(([, sentences]) => sentences.length > 0)
  return (
    <div className="stack">
      {shown.map(([title, sentences]) => (
        <section key={title} aria-label={`${title}, written`}>
          <h3>{title}</h3>
          {sentences.map((one) => (
            <Sentence key={one.text} sentence={one} whose={whose} />
          ))}
        </section>
      ))}
      <p className="muted">
        {shown.length === 0 ? `Nothing that ${written.by} wrote stands in the texts. ` : `Written by ${written.by}. `}
        {written.leftOut > 0 && `${written.leftOut} left out: they do not stand on what they quote.`}
      </p>
      <Command text={commands.askModel(written.question, written.by)} label="the command that says so" />
    </div>
  )
}

function Sentence({ sentence, whose }: { sentence: WrittenSentence; whose: (number: number) => string }) {
  return (
    <div>
      <p>{sentence.text}</p>
      {sentence.quotes.map((quote) => (
        <blockquote key={`${quote.number} ${quote.words}`} style={{ whiteSpace: 'pre-line' }}>
          {quote.words} <span className="muted">{whose(quote.number)}</span>
        </blockquote>
      ))}
    </div>
  )
}
