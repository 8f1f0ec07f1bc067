import { ActionIcon } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import { logQuery } from '../../api/log'
import { problemFrom } from '../../api/refused'
import type { LogLine } from '../../api/types'
import { linesOf, logFile, matches } from '../../deployment/log'
import { paths } from '../../paths'
import { Choice, Pill, SearchBox } from '../../widgets/Filters'
import { Icon } from '../../widgets/Icon'
import { Loading } from '../../widgets/Loading'
import { Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { LogLines } from './LogLines'
import style from './LogPanel.module.css'

const route = getRouteApi('/shell/deployments/$id')
const POLL_MS = 1000
const STAMPS_KEY = 'stella-log-times'

interface Props {
  id: string
  live: boolean
  targets: readonly string[]
}

/** What the agents reported, line by line, as it comes. */
export function LogPanel({ id, live, targets }: Props) {
  const client = useQueryClient()
  const log = useQuery({ ...logQuery(client, id), refetchInterval: live ? POLL_MS : false })
  const search = route.useSearch()
  const navigate = useNavigate()
  const [stamps, setStamps] = useStamps()
  const [at, setAt] = useState(0)
  const lines = useMemo(() => linesOf(log.data ?? [], search.target), [log.data, search.target])
  const found = useMemo(() => matches(lines, search.q ?? ''), [lines, search.q])
  const chosen = found.length === 0 ? undefined : found[at % found.length]
  const set = useCallback(
    (change: typeof search) =>
      void navigate({ ...paths.deployment(id, { ...search, ...change }), replace: true, resetScroll: false }),
    [navigate, id, search],
  )
  const onSearch = useCallback(
    (q: string) => {
      setAt(0)
      set({ q })
    },
    [set],
  )
  return (
    <Panel
      title="Log"
      flush
      side={
        <div className="row wrap">
          {found.length > 0 && <Found at={at % found.length} of={found.length} onStep={(step) => setAt(at + step + found.length)} />}
          {search.q && found.length === 0 && <span className="muted">not found</span>}
          <SearchBox label="Search the log" value={search.q ?? ''} onChange={onSearch} />
          {targets.length > 1 && (
            <Choice
              label="Target"
              value={search.target}
              options={targets.map((target) => [target, target])}
              onChange={(target) => set({ target })}
            />
          )}
          <Pill on={stamps} onToggle={() => setStamps(!stamps)}>
            Times
          </Pill>
          <Download id={id} lines={lines} />
        </div>
      }
    >
      {log.isPending && <Loading inset lines={4} label="Loading the log" />}
      {log.error && <Refusal problem={problemFrom(log.error)} onRetry={() => void log.refetch()} />}
      {log.data && lines.length === 0 && (
        <p className={`muted ${style.none}`}>{live ? 'The first line is awaited.' : 'Nothing was logged.'}</p>
      )}
      {lines.length > 0 && (
        <LogLines
          key={search.target}
          lines={lines}
          live={live}
          stamps={stamps}
          search={search.q ?? ''}
          shownMatch={chosen}
          marked={search.line === undefined ? undefined : Number(search.line)}
          onMark={(seq) => set({ line: String(seq) })}
          showTarget={search.target === undefined && targets.length > 1}
        />
      )}
    </Panel>
  )
}

function Found({ at, of, onStep }: { at: number; of: number; onStep: (step: 1 | -1) => void }) {
  return (
    <span className="row" style={{ gap: 2 }}>
      <span className="muted nowrap">
        {at + 1} of {of}
      </span>
      <ActionIcon aria-label="Previous match" onClick={() => onStep(-1)}>
        <Icon name="arrow-up" />
      </ActionIcon>
      <ActionIcon aria-label="Next match" onClick={() => onStep(1)}>
        <Icon name="arrow-down" />
      </ActionIcon>
    </span>
  )
}

function Download({ id, lines }: { id: string; lines: readonly LogLine[] }) {
  const save = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([logFile(lines)], { type: 'text/plain' }))
    link.download = `${id}.log`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), POLL_MS)
  }
  return (
    <ActionIcon aria-label="Download the log" title="Download the log" onClick={save}>
      <Icon name="download" size={17} />
    </ActionIcon>
  )
}

/** Whether times are shown, remembered: nobody wants to say it twice. */
function useStamps(): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => {
    try {
      return localStorage.getItem(STAMPS_KEY) !== 'off'
    } catch {
      return true
    }
  })
  return [
    on,
    (wanted) => {
      setOn(wanted)
      try {
        localStorage.setItem(STAMPS_KEY, wanted ? 'on' : 'off')
      } catch {
        // Remembered for this page only.
      }
    },
  ]
}
