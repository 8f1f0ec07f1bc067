import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'
import { Icon } from './Icon'
import style from './Table.module.css'

export interface Column<Row> {
  key: string
  head: ReactNode
  width?: string
  align?: 'right'
  cell: (row: Row) => ReactNode
}

/** Rows that the server still holds back. */
export interface More {
  has: boolean
  busy: boolean
  load: () => void
}

interface Props<Row> {
  label: string
  rows: readonly Row[]
  rowKey: (row: Row) => string
  columns: readonly Column<Row>[]
  more?: More
  /** What unfolds under a row; null where the row is folded. */
  detail?: (row: Row) => ReactNode
  /** Fill what is left of the page and scroll within, however many rows there are. */
  fill?: boolean
}

const ROW_PX = 37
const AHEAD = 12

/** A list. Only what can be seen is drawn; `j` and `k` walk over the rows' first link or button. */
export function Table<Row>({ label, rows, rowKey, columns, more, detail, fill = false }: Props<Row>) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: AHEAD,
    enabled: fill,
    initialRect: { width: 1000, height: 900 },
    getItemKey: (index) => (rows[index] === undefined ? index : rowKey(rows[index])),
  })
  const seen = fill ? virtual.getVirtualItems() : undefined
  const last = seen?.at(-1)?.index ?? 0
  const wantsMore = fill && more?.has === true && !more.busy && last >= rows.length - AHEAD
  useEffect(() => {
    if (wantsMore) more?.load()
  }, [wantsMore, more])
  const above = seen?.[0]?.start ?? 0
  const below = seen ? virtual.getTotalSize() - (seen.at(-1)?.end ?? 0) : 0
  const drawn = seen ? seen.map((item) => item.index) : rows.map((_, index) => index)

  return (
    <div ref={scroller} className={fill ? style.fill : style.flow}>
      <table className={style.table} aria-label={label} aria-rowcount={more?.has ? -1 : rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.key} scope="col" style={{ width: column.width, textAlign: column.align }}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        {above > 0 && <Spacer height={above} span={columns.length} />}
        {drawn.map((index) => {
          const row = rows[index]
          if (row === undefined) return null
          const under = detail?.(row)
          return (
            <tbody key={rowKey(row)} ref={fill ? virtual.measureElement : undefined} data-index={index}>
              <tr data-row className={under ? style.open : undefined} aria-rowindex={index + 2}>
                {columns.map((column) => (
                  <td key={column.key} style={{ textAlign: column.align }}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
              {under ? (
                <tr className={style.detail}>
                  <td colSpan={columns.length}>{under}</td>
                </tr>
              ) : null}
            </tbody>
          )
        })}
        {below > 0 && <Spacer height={below} span={columns.length} />}
      </table>
      {more?.has && <Rest more={more} />}
    </div>
  )
}

function Spacer({ height, span }: { height: number; span: number }) {
  return (
    <tbody aria-hidden="true">
      <tr className={style.spacer}>
        <td colSpan={span} style={{ height }} />
      </tr>
    </tbody>
  )
}

function Rest({ more }: { more: More }) {
  return (
    <div className={style.rest}>
      <button type="button" className="plain row" onClick={more.load} disabled={more.busy}>
        <Icon name={more.busy ? 'loader-2' : 'arrow-down'} size={14} spin={more.busy} />
        {more.busy ? 'Loading more' : 'Load more'}
      </button>
    </div>
  )
}
