import { Icon, type IconName } from './Icon'
import style from './State.module.css'

/** What a state means to the reader. Red is for what failed or is blocked, and for nothing else. */
export type Tone = 'good' | 'bad' | 'wait' | 'busy' | 'open' | 'idle'

/** A state as it is shown: a sign, a word and a colour, so that no one of them carries it alone. */
export interface Look {
  tone: Tone
  icon: IconName
  word: string
  spin?: boolean
}

export function State({ look, pill = false }: { look: Look; pill?: boolean }) {
  return (
    <span className={`${style.state} tone-${look.tone} ${pill ? style.pill : ''}`}>
      <Icon name={look.icon} size={pill ? 14 : 15} spin={look.spin ?? false} />
      {look.word}
    </span>
  )
}
