import { useElementSize, useMergedRef } from '@mantine/hooks'
import { useVirtualizer, type VirtualItem } from '@tanstack/react-virtual'
import { Link } from '@tanstack/react-router'
import { type CSSProperties, type KeyboardEvent, useRef } from 'react'
import { differs, type Grid } from '../../matrix/grid'
import { standingLook } from '../../matrix/states'
import { paths } from '../../paths'
import { Icon } from '../../widgets/Icon'
import { MatrixCell } from './MatrixCell'
import style from './MatrixGrid.module.css'

const NAME_PX = { wide: 168, narrow: 104 }
const NARROW_PX = 560
const COLUMN_PX = { min: 196, max: 360 }
const ROW_PX = 78
const HEAD_PX = 44

interface Props {
  grid: Grid
  compared: readonly [string, string] | undefined
  chosen: string | undefined
}

/** Environments by components. Only what can be seen is drawn, so that a hundred of each scroll as ten do. */
export function MatrixGrid({ grid, compared, chosen }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { ref, width } = useElementSize()
  const merged = useMergedRef(scroller, ref)
  const namePx = width > 0 && width < NARROW_PX ? NAME_PX.narrow : NAME_PX.wide
  const even = Math.floor((width - namePx) / Math.max(grid.environments.length, 1))
  const columnPx = Math.min(Math.max(even, COLUMN_PX.min), COLUMN_PX.max)
  const rows = useVirtualizer({
    count: grid.components.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 4,
    paddingStart: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
    initialRect: { width: 1200, height: 800 },
  })
  const columns = useVirtualizer({
    count: grid.environments.length,
    horizontal: true,
    getScrollElement: () => scroller.current,
    estimateSize: () => columnPx,
    overscan: 2,
    paddingStart: namePx,
    scrollPaddingStart: namePx,
    initialRect: { width: 1200, height: 800 },
    // Measured sizes belong to one width of the window.
    getItemKey: (index) => `${index}:${columnPx}`,
  })
  const seen = columns.getVirtualItems()

  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    const step = STEPS[event.key]
    const at = event.target instanceof HTMLElement ? event.target.dataset['at'] : undefined
    if (step === undefined || at === undefined) return
    event.preventDefault()
    const [row = 0, column = 0] = at.split(',').map(Number)
    const next = [clamp(row + step[0], grid.components.length), clamp(column + step[1], grid.environments.length)] as const
    rows.scrollToIndex(next[0])
    columns.scrollToIndex(next[1])
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-at="${next.join(',')}"]`)?.focus({ preventScroll: true })
    })
  }

  return (
    <div
      ref={merged}
      className={style.scroller}
      role="grid"
      tabIndex={-1}
      aria-label="What runs where"
      aria-rowcount={grid.components.length + 1}
      aria-colcount={grid.environments.length + 1}
      onKeyDown={onKey}
    >
      <div
        role="presentation"
        className={style.canvas}
        style={{ height: rows.getTotalSize(), width: columns.getTotalSize(), ...nameWidth(namePx) }}
      >
        <div role="row" className={style.head} aria-rowindex={1}>
          <div role="columnheader" className={style.corner}>
            Component
          </div>
          {seen.map((column) => (
            <Head key={column.key} grid={grid} column={column} />
          ))}
        </div>
        {rows.getVirtualItems().map((row) => (
          <Row key={row.key} {...{ grid, row, seen, compared, chosen }} />
        ))}
      </div>
    </div>
  )
}

/** The width of the first column, for the style sheet. */
const nameWidth = (px: number) => ({ '--name': `${px}px` }) as CSSProperties

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
}

const clamp = (value: number, length: number) => Math.min(Math.max(value, 0), length - 1)

function Head({ grid, column }: { grid: Grid; column: VirtualItem }) {
  const environment = grid.environments[column.index]
  if (environment === undefined) return null
  const pending = grid.pending(environment.name)
  return (
    <div
      role="columnheader"
      aria-colindex={column.index + 2}
      className={style.environment}
      style={{ left: column.start, width: column.size }}
    >
      <Link {...paths.environment(environment.name)}>{environment.name}</Link>
      {pending !== undefined && (
        <Link {...paths.promotion(pending)} className={style.pending}>
          <Icon name="arrow-down" size={13} /> on the way
        </Link>
      )}
      {environment.standing && environment.standing.outcome !== 'pass' && (
        <span className={style.stands} title={environment.standing.reasons.slice(0, 3).join('; ')}>
          <Icon name={standingLook(environment.standing).icon} size={13} /> {standingLook(environment.standing).word}
        </span>
      )}
      {environment.held && (
        <span className={style.held} title="Held: nothing goes in here by itself until somebody moves it on">
          <Icon name="pin" size={13} /> Held
        </span>
      )}
      {environment.frozen && (
        <span className={style.frozen} title="A freeze window holds: nothing may be promoted here">
          <Icon name="snowflake" size={13} /> Frozen
        </span>
      )}
    </div>
  )
}

interface RowProps extends Props {
  row: VirtualItem
  seen: readonly VirtualItem[]
}

function Row({ grid, row, seen, compared, chosen }: RowProps) {
  const component = grid.components[row.index]
  if (component === undefined) return null
  const marked = compared === undefined || differs(grid, component, ...compared)
  return (
    <div
      role="row"
      data-row
      aria-rowindex={row.index + 2}
      className={style.row}
      style={{ top: row.start, height: row.size }}
      data-faint={!marked || undefined}
    >
      <div role="rowheader" className={style.name} title={component}>
        <span className="clip">{component}</span>
        {compared !== undefined && <span className="muted small">{marked ? 'differs' : 'same'}</span>}
      </div>
      {seen.map((column) => {
        const environment = grid.environments[column.index]
        if (environment === undefined) return null
        const key = `${environment.name}/${component}`
        return (
          <div
            key={column.key}
            role="gridcell"
            aria-colindex={column.index + 2}
            className={style.cell}
            data-compared={(marked && compared?.includes(environment.name)) || undefined}
            style={{ left: column.start, width: column.size }}
          >
            <MatrixCell
              cell={grid.cell(environment.name, component)}
              at={`${row.index},${column.index}`}
              name={key}
              chosen={chosen === key}
            />
          </div>
        )
      })}
    </div>
  )
}
