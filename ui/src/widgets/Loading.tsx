import style from './Loading.module.css'

interface Props {
  lines?: number
  label?: string
  /** Within a panel without a border of its own. */
  inset?: boolean
}

/** A page on its way: grey lines where words will be, shown only when it takes long enough to notice. */
export function Loading({ lines = 6, label = 'Loading', inset = false }: Props) {
  return (
    <div className={`${style.loading} ${inset ? style.inset : ''}`} role="status" aria-label={label}>
      <span className={style.head} />
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={style.line} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </div>
  )
}
