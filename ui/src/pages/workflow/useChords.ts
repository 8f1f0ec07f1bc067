import { useEffect, useEffectEvent } from 'react'

interface Chords {
  undo: () => void
  redo: () => void
  save: () => void
}

/** Control or Command with Z, Y and S, wherever the reader is in the page; a dialog keeps its own. */
export function useChords({ undo, redo, save }: Chords): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if ((!event.ctrlKey && !event.metaKey) || event.defaultPrevented) return
    if (document.querySelector('[role="dialog"]') !== null) return
    const key = event.key.toLowerCase()
    if (key === 'z' && !event.shiftKey) undo()
    else if (key === 'y' || key === 'z') redo()
    else if (key === 's') save()
    else return
    event.preventDefault()
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event)
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}
