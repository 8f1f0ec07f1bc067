import { type KeyboardEvent, useRef } from 'react'
import { afterEnter, lineCount } from '../words/lines'
import style from './Editor.module.css'

interface Props {
  value: string
  onChange: (text: string) => void
  label: string
  /** The line, from 1, that something is wrong with. */
  wrongLine?: number | undefined
  /** Control or Command and S. */
  onSave: () => void
}

/** A text with numbered lines. The tab key leaves it, as it leaves everything else. */
export function Editor({ value, onChange, label, wrongLine, onSave }: Props) {
  const gutter = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      onSave()
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && !event.nativeEvent.isComposing) {
      const area = event.currentTarget
      const indent = afterEnter(value, area.selectionStart)
      if (indent === '') return
      event.preventDefault()
      // The browser's own way of typing, which its undo knows.
      document.execCommand('insertText', false, `\n${indent}`)
    }
  }
  return (
    <div className={style.editor}>
      <div ref={gutter} className={style.gutter} aria-hidden="true">
        {Array.from({ length: lineCount(value) }, (_, index) => (
          <div key={index} data-wrong={index + 1 === wrongLine || undefined}>
            {index + 1}
          </div>
        ))}
      </div>
      <textarea
        className={style.text}
        aria-label={label}
        aria-invalid={wrongLine !== undefined}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onScroll={(event) => {
          if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop
        }}
      />
    </div>
  )
}
