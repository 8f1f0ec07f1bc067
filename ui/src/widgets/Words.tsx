import { marks } from '../words/marks'
import { CopyButton } from './Copy'
import { Time } from './Time'

/** A sentence of the server: moments in the reader's zone, commands ready to copy. */
export function Words({ text }: { text: string }) {
  return marks(text).map((mark, index) => {
    const key = `${index}${mark.text}`
    if (mark.kind === 'time') return <Time key={key} at={mark.text} exact />
    if (mark.kind === 'command') {
      return (
        <span key={key}>
          <code>{mark.text}</code>
          <CopyButton text={mark.text} what="the command" />
        </span>
      )
    }
    return <span key={key}>{mark.text}</span>
  })
}
