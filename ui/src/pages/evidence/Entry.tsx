import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { problemFrom, problemOf, Refused } from '../../api/refused'
import { Above } from '../../widgets/Above'
import { Command } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Refusal } from '../../widgets/Refusal'

/** Above this an entry is downloaded, not shown. */
const SHOWN_BYTES_MAX = 1_000_000
const IS_TEXT = /\.(json|jsonl|txt|yml|yaml|rego|log|md|pem|html)$/

interface Props {
  evidence: string
  entry: { name: string; size: number }
}

/** One file of a packet: shown where it is text, else downloaded. */
export function Entry({ evidence, entry }: Props) {
  const [open, setOpen] = useState(false)
  const href = `/api/v1/evidence/${evidence}/entries/${entry.name.split('/').map(encodeURIComponent).join('/')}`
  const shown = entry.name.replaceAll(/[0-9a-f]{64}/g, (digest) => `${digest.slice(0, 12)}…`)
  const isShown = IS_TEXT.test(entry.name) && entry.size <= SHOWN_BYTES_MAX
  return (
    <span className="row" style={{ overflowWrap: 'anywhere' }}>
      {isShown ? (
        <button type="button" className="plain mono" style={{ color: 'var(--accent)' }} title={entry.name} onClick={() => setOpen(true)}>
          {shown}
        </button>
      ) : (
        <span className="mono" title={entry.name}>
          {shown}
        </span>
      )}
      <a href={href} download={entry.name.split('/').at(-1)} aria-label={`Download ${entry.name}`} title="Download">
        <Icon name="download" size={14} />
      </a>
      {open && (
        <Above title={entry.name} onClose={() => setOpen(false)} size={900}>
          <Text href={href} />
        </Above>
      )}
    </span>
  )
}

/** JSON on one line is laid out for reading; what is signed stays as it is in the download. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

function Text({ href }: { href: string }) {
  const entry = useQuery({
    queryKey: ['entry', href],
    staleTime: Infinity,
    queryFn: async () => {
      const answer = await fetch(href, { credentials: 'same-origin' })
      const text = await answer.text()
      if (!answer.ok) throw new Refused(problemOf(text, answer.status))
      return readable(text)
    },
  })
  if (entry.isPending) return <Loading />
  if (entry.error) return <Refusal problem={problemFrom(entry.error)} />
  return <Command text={entry.data} label="the entry" />
}
