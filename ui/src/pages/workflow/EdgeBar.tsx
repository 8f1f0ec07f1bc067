import { Button } from '@mantine/core'
import { useEffect, useRef } from 'react'
import { Icon } from '../../widgets/Icon'
import style from './Canvas.module.css'

interface Props {
  ends: readonly (string | undefined)[]
  onCut: () => void
  onClose: () => void
}

/** What the chosen line says, and how it is taken away. */
export function EdgeBar({ ends: [from, to], onCut, onClose }: Props) {
  const place = useRef<HTMLDivElement>(null)
  // A chosen line is drawn anew and loses the focus: the keys that follow are meant for it.
  useEffect(() => place.current?.focus(), [])
  return (
    <div ref={place} tabIndex={-1} className={style.over} role="status">
      <span className="clip">
        <strong>{to}</strong> needs <strong>{from}</strong>
      </span>
      <Button size="compact-xs" variant="default" leftSection={<Icon name="trash" size={13} />} onClick={onCut}>
        Remove
      </Button>
      <button type="button" className="plain row" aria-label="Keep it" onClick={onClose}>
        <Icon name="x" size={14} />
      </button>
    </div>
  )
}
