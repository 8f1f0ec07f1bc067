import { Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { StepType } from '../../api/types'
import { Icon } from '../../widgets/Icon'
import { grouped } from '../../workflow/common'
import type { Section } from '../../workflow/document'
import style from './Designer.module.css'

interface Props {
  types: readonly StepType[]
  /** The step that a new one will need. */
  after: string | undefined
  onAdd: (uses: string, section: Section) => void
}

/** The types of steps, by what brings them: one is added by pressing it. */
export function Palette({ types, after, onAdd }: Props) {
  const [wanted, setWanted] = useState('')
  const [isEnd, setIsEnd] = useState(false)
  const groups = grouped(types, wanted)
  return (
    <section className={style.palette} aria-label="Types of steps">
      <TextInput
        data-filter
        size="xs"
        aria-label="Find a type"
        placeholder="Find a type"
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        leftSection={<Icon name="search" size={13} />}
      />
      <Checkbox size="xs" label="At the end, however it went" checked={isEnd} onChange={(event) => setIsEnd(event.currentTarget.checked)} />
      {!isEnd && <p className="muted small">{after === undefined ? 'Added at the beginning' : `Added after ${after}`}</p>}
      <div className={style.types}>
        {groups.map(([name, held]) => (
          <div key={name} className="stack tight">
            <h2 className={style.brought}>{name === '' ? 'The server’s own' : name}</h2>
            {held.map((type) => (
              <button
                key={type.name}
                type="button"
                className={style.type}
                title={type.description}
                onClick={() => onAdd(type.name, isEnd ? 'finally' : 'steps')}
              >
                <Icon name="plus" size={13} />
                <span>{type.title}</span>
              </button>
            ))}
          </div>
        ))}
        {groups.length === 0 && <p className="muted small">No type fits.</p>}
      </div>
    </section>
  )
}
