import { NativeSelect, TextInput } from '@mantine/core'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { Icon } from './Icon'
import style from './Filters.module.css'

const WAIT_MS = 200

/** The line of filters above a list. */
export function Filters({ children }: { children: ReactNode }) {
  return (
    <div className={style.bar} role="search">
      {children}
    </div>
  )
}

interface SearchProps {
  label: string
  value: string
  onChange: (value: string) => void
}

/** The text filter of a page: `/` comes here, Escape empties it. Tells what was typed after a short rest. */
export function SearchBox({ label, value, onChange }: SearchProps) {
  const [text, setText] = useState(value)
  const told = useRef(value)
  const tell = useCallback(
    (now: string) => {
      if (now === told.current) return
      told.current = now
      onChange(now)
    },
    [onChange],
  )
  useEffect(() => {
    const timer = setTimeout(() => tell(text), WAIT_MS)
    return () => clearTimeout(timer)
  }, [text, tell])
  return (
    <TextInput
      data-filter
      className={style.search}
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        if (text === '') event.currentTarget.blur()
        setText('')
        tell('')
      }}
      // Told before whatever is pressed next: it may lead to another page, and this must not lead back.
      onBlur={() => tell(text)}
      leftSection={<Icon name="search" size={14} />}
      rightSection={text === '' ? <kbd className={style.key}>/</kbd> : undefined}
    />
  )
}

interface ChoiceProps {
  label: string
  value: string | undefined
  options: readonly (readonly [string, string])[]
  onChange: (value: string | undefined) => void
  /** What no choice reads as. */
  none?: string
}

/** One of a few, or any. */
export function Choice({ label, value, options, onChange, none = `${label}: any` }: ChoiceProps) {
  return (
    <NativeSelect
      aria-label={label}
      value={value ?? ''}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
      data={[{ value: '', label: none }, ...options.map(([of, text]) => ({ value: of, label: text }))]}
    />
  )
}

/** A filter that is on or off. */
export function Pill({ on, onToggle, children }: { on: boolean; onToggle: () => void; children: ReactNode }) {
  return (
    <button type="button" className={style.pill} aria-pressed={on} onClick={onToggle}>
      {children}
      {on && <Icon name="x" size={12} />}
    </button>
  )
}
