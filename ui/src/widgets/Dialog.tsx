import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Above } from './Above'
import { CopyButton } from './Copy'
import { Icon } from './Icon'
import { Refusal } from './Refusal'
import style from './Dialog.module.css'

interface Problem {
  title: string
  code: string
  remedy?: { advice: string; command?: string | null } | undefined
}

interface Props {
  title: string
  onClose: () => void
  onSubmit: () => void
  /** The verb on the button. */
  submit: string
  busy: boolean
  /** Undone work or harm: the button is red. */
  grave?: boolean
  ready?: boolean
  problem?: Problem | undefined
  /** The same from a terminal. */
  command?: string | undefined
  children: ReactNode
}

/** A question before something is done. A refusal of the server appears here, beside what was asked. */
export function Dialog(props: Props) {
  const { title, onClose, onSubmit, submit, busy, grave, ready = true, problem, command, children } = props
  return (
    <Above title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready && !busy) onSubmit()
        }}
      >
        {children}
        {problem && <Refusal problem={problem} />}
        <footer className={style.foot}>
          {command && <CommandHint command={command} />}
          <span className="grow" />
          <Button variant="default" onClick={onClose}>
            Back
          </Button>
          <Button type="submit" loading={busy} disabled={!ready} {...(grave ? { color: 'red.8' } : {})}>
            {submit}
          </Button>
        </footer>
      </form>
    </Above>
  )
}

/** The command line that does the same. */
export function CommandHint({ command }: { command: string }) {
  return (
    <span className={style.hint} title="The same from a terminal">
      <Icon name="terminal-2" size={14} />
      <code className="clip">{command}</code>
      <CopyButton text={command} what="the command for a terminal" />
    </span>
  )
}
