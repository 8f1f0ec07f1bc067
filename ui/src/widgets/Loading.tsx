import style from './Loading.module.css'

/** A page on its way: grey lines where words will be, shown only when it takes long enough to notice. */
export function Loading({ lines = 6, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div className={style.loading} role="status" aria-label={label}>
      <span className={style.head} />
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className={style.line} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
    </div>
  )
}
