import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'

interface Props extends Pick<ButtonProps, 'variant' | 'color' | 'size' | 'loading' | 'leftSection'> {
  children: ReactNode
  onClick: () => void
  /** Why not now. The button stays in its place, can be reached, and says this. */
  whyNot?: string | undefined
  hint?: string | undefined
}

/** A button that is never hidden: where it cannot be pressed, it says why. */
export function ActionButton({ children, onClick, whyNot, hint, ...rest }: Props) {
  const off = whyNot !== undefined && whyNot !== ''
  const button = (
    <Button
      {...rest}
      aria-disabled={off}
      data-disabled={off || undefined}
      onClick={(event) => {
        if (off) event.preventDefault()
        else onClick()
      }}
    >
      {children}
      {off && <span className="hidden">: {whyNot}</span>}
    </Button>
  )
  const text = off ? whyNot : hint
  return text ? (
    <Tooltip label={text} events={{ hover: true, focus: true, touch: true }}>
      {button}
    </Tooltip>
  ) : (
    button
  )
}
