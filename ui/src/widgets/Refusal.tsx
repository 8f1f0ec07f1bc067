import { Command } from './Copy'
import { Icon } from './Icon'
import style from './Refusal.module.css'

interface Refused {
  title: string
  code: string
  remedy?: { advice: string; command?: string | null } | undefined
}

interface Props {
  problem: Refused
  onRetry?: (() => void) | undefined
  /** h1 where it stands in the place of a whole page. */
  heading?: 'h1' | 'h2'
}

/** A refusal as the server wrote it: what is wrong, what to do now, the command for it, the code to look up. */
export function Refusal({ problem, onRetry, heading: Heading = 'h2' }: Props) {
  return (
    <section role="alert" aria-label={problem.title} className={style.refusal}>
      <Icon name="hand-stop" size={18} />
      <div className="grow stack near">
        <Heading className={style.title}>{problem.title}</Heading>
        {problem.remedy && <p>{problem.remedy.advice}</p>}
        {problem.remedy?.command && <Command text={problem.remedy.command} label="what to run" />}
        <div className="row">
          <code className="muted">{problem.code}</code>
          {onRetry && (
            <button type="button" className={`plain ${style.again}`} onClick={onRetry}>
              Try again
            </button>
          )}
        </div>
      </div>
    </section>
  )
}
