import { Drawer, Modal } from '@mantine/core'
import type { ReactNode } from 'react'
import style from './Above.module.css'

interface Props {
  title: string
  onClose: () => void
  children: ReactNode
  /** Pixels. */
  size?: number
}

// Composed by hand: Mantine's own head is a <header>, and a page has one banner only.

/** A window above the page, which waits for an answer. */
export function Above({ title, onClose, children, size = 620 }: Props) {
  return (
    <Modal.Root opened onClose={onClose} size={size} centered>
      <Modal.Overlay backgroundOpacity={0.4} />
      <Modal.Content>
        <div className={style.head}>
          <Modal.Title className={style.title}>{title}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
}

/** A window at the side: more about one thing of the page. */
export function Aside({ title, onClose, children, size = 460 }: Props) {
  return (
    <Drawer.Root opened onClose={onClose} size={size} position="right">
      <Drawer.Overlay backgroundOpacity={0.2} />
      <Drawer.Content>
        <div className={style.head}>
          <Drawer.Title className={style.title}>{title}</Drawer.Title>
          <Drawer.CloseButton aria-label="Close" />
        </div>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  )
}
