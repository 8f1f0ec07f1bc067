import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, useEffect, useRef, useState } from 'react'
import type { LogLine } from '../../api/types'
import { Icon } from '../../widgets/Icon'
import { useZone } from '../../widgets/Time'
import { pieces } from '../../words/ansi'
import { clock, type Zone } from '../../words/time'
import style from './LogLines.module.css'

const LINE_PX = 20
const NEAR_END_PX = 30
/** Room for the bar that scrolls sideways. */
const PADDING_PX = 16

interface Props {
  lines: readonly LogLine[]
  live: boolean
  stamps: boolean
  search: string
  /** The index of the match that is looked at. */
  shownMatch: number | undefined
  /** The number of the line that the address names. */
  marked: number | undefined
  onMark: (seq: number) => void
  showTarget: boolean
}

/** Follows the end until the reader scrolls away from it; follows again when they come back. */
export function LogLines(props: Props) {
  const { lines, live, stamps, search, shownMatch, marked, onMark, showTarget } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [following, setFollowing] = useState(marked === undefined && search === '')
  const [zone] = useZone()
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
    initialRect: { width: 800, height: 480 },
  })
  const count = lines.length
  useEffect(() => {
    if (following) rows.scrollToIndex(count - 1, { align: 'end' })
  }, [following, count, rows])
  useEffect(() => {
    if (shownMatch === undefined) return
    setFollowing(false)
    rows.scrollToIndex(shownMatch, { align: 'center' })
  }, [shownMatch, rows])
  const markedAt = marked === undefined ? -1 : lines.findIndex(({ seq }) => seq === marked)
  useEffect(() => {
    if (markedAt >= 0) rows.scrollToIndex(markedAt, { align: 'center' })
  }, [markedAt, rows])

  const onScroll = () => {
    const box = scroller.current
    if (box === null) return
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX
    if (atEnd !== following) setFollowing(atEnd)
  }
  return (
    <div className={style.frame}>
      <div
        ref={scroller}
        className={style.scroller}
        style={live ? undefined : { height: `min(52vh, 560px, ${count * LINE_PX + PADDING_PX}px)` }}
        role="log"
        aria-live="off"
        aria-label="Log lines"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className={style.canvas} style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map((item) => {
            const line = lines[item.index]
            if (line === undefined) return null
            return (
              <Line
                key={item.key}
                line={line}
                top={item.start}
                zone={zone}
                stamps={stamps}
                showTarget={showTarget}
                search={search}
                state={item.index === shownMatch ? 'match' : line.seq === marked ? 'marked' : 'plain'}
                onMark={onMark}
              />
            )
          })}
        </div>
      </div>
      {live && !following && (
        <button type="button" className={style.follow} onClick={() => setFollowing(true)}>
          <Icon name="arrow-down" size={14} /> Follow
        </button>
      )}
    </div>
  )
}

interface LineProps extends Pick<Props, 'stamps' | 'showTarget' | 'search' | 'onMark'> {
  line: LogLine
  top: number
  zone: Zone
  state: 'plain' | 'match' | 'marked'
}

const Line = memo(function Line({ line, top, zone, stamps, showTarget, search, state, onMark }: LineProps) {
  return (
    <div className={style.line} style={{ transform: `translateY(${top}px)` }} data-state={state}>
      <button
        type="button"
        className={style.number}
        onClick={() => onMark(line.seq)}
        aria-label={`Link to line ${line.seq}`}
        tabIndex={-1}
      >
        {line.seq}
      </button>
      {stamps && <span className={style.stamp}>{clock(line.at, zone)}</span>}
      {showTarget && <span className={style.target}>{line.target}</span>}
      <span>
        {pieces(line.line).map((piece, index) => (
          <span
            key={`${index}${piece.tone}`}
            className={piece.tone === 'plain' ? undefined : `tone-${piece.tone}`}
            style={piece.bold ? { fontWeight: 700 } : undefined}
          >
            <Found text={piece.text} search={search} />
          </span>
        ))}
      </span>
    </div>
  )
})

function Found({ text, search }: { text: string; search: string }) {
  if (search === '') return text
  const at = text.toLowerCase().indexOf(search.toLowerCase())
  if (at === -1) return text
  return (
    <>
      {text.slice(0, at)}
      <mark className={style.mark}>{text.slice(at, at + search.length)}</mark>
      <Found text={text.slice(at + search.length)} search={search} />
    </>
  )
}
