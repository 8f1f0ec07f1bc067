import { Button, type ButtonProps, Tooltip } from '@mantine/core'
import { type ReactNode, useId } from 'react'

interface Props extends Pick<ButtonProps, 'variant' | 'color' | 'size' | 'loading' | 'leftSection'> {
  children: ReactNode
  onClick: () => void
  /** Why not now. The button stays in its place, can be reached, and says this. */
  whyNot?: string | undefined
}

/** A button that is never hidden: where it cannot be pressed, it says why. */
export function ActionButton({ children, onClick, whyNot, ...rest }: Props) {
  const reason = useId()
  if (whyNot === undefined || whyNot === '') {
    return (
      <Button {...rest} onClick={onClick}>
        {children}
      </Button>
    )
  }
  return (
    <>
      <Tooltip label={whyNot} events={{ hover: true, focus: true, touch: true }}>
        <Button {...rest} aria-disabled data-disabled aria-describedby={reason} onClick={(event) => event.preventDefault()}>
          {children}
        </Button>
      </Tooltip>
      <span id={reason} className="hidden">
        {whyNot}
      </span>
    </>
  )
}
