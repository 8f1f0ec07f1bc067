import { Above } from '../widgets/Above'
import { ACTIONS } from './actions'
import style from './Help.module.css'

const MOVES = [
  ['Ctrl K', 'Go to or do anything'],
  ['/', 'Filter this page'],
  ['j  k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['[  ]', 'Previous and next promotion'],
  ['?', 'This help'],
  ['Esc', 'Close, or empty the filter'],
] as const

export function Help({ close }: { close: () => void }) {
  return (
    <Above title="Keyboard" onClose={close}>
      <div className={style.columns}>
        <Keys title="On a page" rows={MOVES} />
        <Keys title="From anywhere" rows={ACTIONS.map((action) => [action.keys ?? '', action.label] as const)} />
      </div>
    </Above>
  )
}

function Keys({ title, rows }: { title: string; rows: readonly (readonly [string, string])[] }) {
  return (
    <section className="stack near">
      <h3>{title}</h3>
      <dl className={style.keys}>
        {rows.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.split(' ').filter(Boolean).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
