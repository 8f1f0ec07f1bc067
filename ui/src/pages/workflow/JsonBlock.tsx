import { CopyButton } from '../../widgets/Copy'
import { yamlText } from '../../words/yaml'
import style from './Run.module.css'

interface Props {
  of: Readonly<Record<string, unknown>> | null
  none: string
}

/** Values as people read them; as JSON in the clipboard. */
export function JsonBlock({ of, none }: Props) {
  if (of === null || Object.keys(of).length === 0) return <p className="muted">{none}</p>
  return (
    <div className="stack tight">
      <pre className={style.json} tabIndex={0}>
        {yamlText(of)}
      </pre>
      <span className="row small muted">
        <CopyButton text={JSON.stringify(of, null, 2)} what="it as JSON" /> as JSON
      </span>
    </div>
  )
}
