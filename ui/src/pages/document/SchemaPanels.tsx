import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { pluginsQuery } from '../../api/queries'
import type { Problem } from '../../api/types'
import { type Part, partsOf, type Written } from '../../document/brought'
import { fieldsOf } from '../../hub/schema'
import { Panel } from '../../widgets/Panel'
import { isObject } from '../../words/object'
import { yamlText } from '../../words/yaml'
import { SchemaFields } from '../hub/SchemaFields'

interface Props {
  /** As it was read; the forms go on from it. */
  first: Written
  text: string
  problem: Problem | undefined
  onText: (text: string) => void
}

/**
 * Forms for what plugins have a schema for, beside the text that they write.
 *
 * What was typed into the text is not read here: the forms rest until it is what they wrote.
 */
export function SchemaPanels({ first, text, problem, onText }: Props) {
  const plugins = useQuery(pluginsQuery).data?.items
  const [document, setDocument] = useState(first)
  const [began, setBegan] = useState(0)
  const brought = useMemo(() => (plugins ?? []).flatMap(({ contributes }) => contributes), [plugins])
  const parts = useMemo(() => partsOf(first, brought), [first, brought])
  const now = partsOf(document, brought)
  if (parts.length === 0) return null
  if (text !== yamlText(document)) {
    return (
      <Panel title="Forms">
        <p className="muted">They rest, for the text was changed by hand.</p>
        <Button
          variant="default"
          onClick={() => {
            setBegan(began + 1)
            onText(yamlText(document))
          }}
        >
          Go on with the forms
        </Button>
      </Panel>
    )
  }
  const change = (changed: Written) => {
    setDocument(changed)
    onText(yamlText(changed))
  }
  return (
    <>
      {parts.map((part, at) => (
        <PartPanel
          key={`${part.key} ${began}`}
          part={part}
          config={now[at]?.config ?? {}}
          reasons={reasonsOf(problem)}
          onChange={(config) => change(part.withConfig(document, config))}
        />
      ))}
    </>
  )
}

interface PartProps {
  part: Part
  config: Part['config']
  reasons: readonly string[]
  onChange: (config: Part['config']) => void
}

function PartPanel({ part, config, reasons, onChange }: PartProps) {
  const [broken, setBroken] = useState<ReadonlyMap<string, string>>(new Map())
  const fields = useMemo(() => fieldsOf(part.schema, part.config), [part])
  const said = (place: string) => {
    const within = place.replace(/^config\.?/, '')
    const begin = `${part.says}${within}: `
    return within === '' ? undefined : reasons.find((one) => one.startsWith(begin))?.slice(begin.length)
  }
  return (
    <Panel title={part.title}>
      {fields.length === 0 && <p className="muted">It has none of its own.</p>}
      <SchemaFields
        fields={fields}
        config={config}
        onChange={onChange}
        at={(place) => broken.get(place) ?? said(place)}
        onFault={(place, fault) =>
          setBroken((before) => {
            const after = new Map(before)
            if (fault === undefined) after.delete(place)
            else after.set(place, fault)
            return after
          })
        }
      />
    </Panel>
  )
}

function reasonsOf(problem: Problem | undefined): string[] {
  const reasons = isObject(problem?.facts) ? problem.facts['reasons'] : undefined
  if (Array.isArray(reasons)) return reasons.filter((one) => typeof one === 'string')
  // One sentence says them all, where the facts do not.
  return problem?.title.split('cannot be applied: ')[1]?.split('; ') ?? []
}
