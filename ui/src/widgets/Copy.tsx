import { useEffect, useState } from 'react'
import { copy } from './clipboard'
import { Icon } from './Icon'
import style from './Copy.module.css'

const SHOWN_MS = 1400

function useCopied(text: string): [boolean, () => void] {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return undefined
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  return [copied, () => void copy(text).then(setCopied)]
}

/** A small button that copies `text`; `what` names it for those who cannot see the icon. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, onCopy] = useCopied(text)
  return (
    <button type="button" className={style.button} onClick={onCopy} title={copied ? 'Copied' : `Copy ${what}`}>
      <Icon name={copied ? 'check' : 'copy'} size={13} />
      <span className="hidden">{copied ? 'Copied' : `Copy ${what}`}</span>
    </button>
  )
}

/** 12 characters of a digest, the whole of it on hover and on the clipboard. */
export function Digest({ value, label = 'digest' }: { value: string; label?: string }) {
  const hex = value.replace(/^sha(256|512):/, '')
  return (
    <span className={style.digest}>
      <span className="mono" title={value}>
        {hex.slice(0, 12)}
      </span>
      <CopyButton text={value} what={label} />
    </span>
  )
}

/** A command to run elsewhere, in full, with its copy button. */
export function Command({ text, label = 'command' }: { text: string; label?: string }) {
  return (
    <div className={style.command}>
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <CopyButton text={text} what={label} />
    </div>
  )
}
