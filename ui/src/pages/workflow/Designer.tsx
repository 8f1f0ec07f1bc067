import { Button } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { type ReactNode, useCallback, useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import { useWhyNot } from '../../api/session'
import type { ReadDocument } from '../../api/types'
import { useAct } from '../../api/useAct'
import { stepTypesQuery } from '../../api/workflows'
import { basisOf } from '../../document/text'
import { ActionButton } from '../../widgets/ActionButton'
import { Editor } from '../../widgets/Editor'
import { Icon } from '../../widgets/Icon'
import { PageHead } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import { addStep, connect, disconnect, freeName, lineAt, removeStep, renameStep, type Section, setAt, stepAt } from '../../workflow/document'
import { written } from '../document/useWritten'
import { Canvas } from './Canvas'
import style from './Designer.module.css'
import { canvasSteps, faultsByPlace, sectionsOf } from './drawn'
import { Faults } from './Faults'
import { Palette } from './Palette'
import { RehearseDialog } from './RehearseDialog'
import { SideForm } from './SideForm'
import { useChords } from './useChords'
import { useDesigner } from './useDesigner'

interface Props {
  first: string
  /** As it was read; undefined for a new one. */
  base: ReadDocument | undefined
  title: string
  sub: ReactNode
  selected: string | undefined
  onSelect: (step: string | undefined) => void
  onSaved: (name: string) => void
  actions: (isDirty: boolean) => ReactNode
  news: ReactNode
}

/** Canvas, form and YAML of one text. Every change, wherever it is made, is a change of that text. */
export function Designer({ first, base, title, sub, selected, onSelect, onSaved, actions, news }: Props) {
  const types = useSuspenseQuery(stepTypesQuery).data.items
  const { text, canUndo, canRedo, act, read, shown, verdict } = useDesigner(first)
  const [place, setPlace] = useState<string>()
  // The form is drawn anew where the text was changed elsewhere than in it.
  const [drawn, setDrawn] = useState(0)
  const [saved, setSaved] = useState(first)
  const [rehearsing, setRehearsing] = useState(false)
  const mayNotRun = useWhyNot('workflow.run')
  const mayNot = useWhyNot('environment.change')
  const isDirty = text !== saved
  useBlocker({
    // Another step of the same workflow is no other page.
    shouldBlockFn: ({ current, next }) =>
      isDirty && current.pathname !== next.pathname && !globalThis.confirm('Leave, and lose what you wrote?'),
    enableBeforeUnload: () => isDirty,
    disabled: !isDirty,
  })
  const basis = basisOf(text, base && { kind: 'Workflow', name: base.document.name, digest: base.digest })
  const save = useAct(
    (_: undefined, headers) => take(api.POST('/api/v1/apply', { body: written(text, basis, false), headers })),
    () => {
      say(`Workflow ${shown.name} was saved`)
      setSaved(text)
      onSaved(shown.name)
    },
  )
  const change = (to: string, isOfForm = false) => {
    save.reset()
    act({ kind: isOfForm ? 'typed' : 'changed', text: to, at: Date.now() })
    if (!isOfForm) setDrawn((count) => count + 1)
  }
  const step = shown.steps.find(({ name }) => name === selected)
  const whyNotSave =
    mayNot ??
    (read.kind === 'unread'
      ? 'The YAML cannot be read'
      : read.name === ''
        ? 'It has no name yet: write one in its YAML'
        : !isDirty
          ? 'Nothing was changed'
          : !verdict.isCurrent
            ? 'It is being checked'
            : verdict.faults.length > 0
              ? 'It cannot run as it is'
              : undefined)
  const whyNotRehearse =
    mayNotRun ?? (read.kind === 'unread' || verdict.faults.length > 0 || shown.steps.length === 0 ? 'It cannot run as it is' : undefined)
  const onSave = () => {
    if (whyNotSave === undefined && !save.busy) save.run(undefined)
  }
  const turn = (kind: 'undo' | 'redo') => {
    save.reset()
    act({ kind })
    setDrawn((count) => count + 1)
  }
  useChords({ undo: () => turn('undo'), redo: () => turn('redo'), save: onSave })
  const sectionOf = (name: string): Section => shown.steps.find((one) => one.name === name)?.section ?? 'steps'
  const add = (uses: string, section: Section) => {
    const name = freeName(uses, shown.steps.map((one) => one.name))
    change(addStep(text, { section, name, uses, needs: step?.section === section ? [step.name] : [] }))
    onSelect(name)
  }
  const remove = (name: string) => {
    change(removeStep(text, { section: sectionOf(name), name }))
    onSelect(undefined)
  }
  const steps = useMemo(() => canvasSteps(shown.steps, types, verdict.faults), [shown, types, verdict.faults])
  const sections = useMemo(() => sectionsOf(shown.steps), [shown])
  const faults = useMemo(() => faultsByPlace(verdict.faults), [verdict.faults])
  const pick = useCallback(
    (where: string) => {
      setPlace(where)
      onSelect(stepAt(where, shown.steps)?.name)
    },
    [onSelect, shown],
  )
  const isWrong = place !== undefined && verdict.faults.some((one) => one.place === place)
  const wrongLine = read.kind === 'unread' ? read.line : isWrong ? lineAt(text, place) : undefined
  return (
    <div className="stack near">
      <PageHead
        title={title}
        sub={sub}
        actions={
          <>
            <Button variant="default" px={9} aria-label="Undo" title="Undo (Ctrl Z)" disabled={!canUndo} onClick={() => turn('undo')}>
              <Icon name="arrow-back-up" />
            </Button>
            <Button variant="default" px={9} aria-label="Redo" title="Redo (Ctrl Shift Z)" disabled={!canRedo} onClick={() => turn('redo')}>
              <Icon name="arrow-forward-up" />
            </Button>
            <ActionButton variant="default" whyNot={whyNotRehearse} onClick={() => setRehearsing(true)}>
              Rehearse
            </ActionButton>
            {actions(isDirty)}
            <ActionButton whyNot={whyNotSave} loading={save.busy} onClick={onSave}>
              Save
            </ActionButton>
          </>
        }
      />
      {news}
      {rehearsing && <RehearseDialog shown={shown} types={types} close={() => setRehearsing(false)} />}
      {save.problem && <Refusal problem={save.problem} />}
      <div className={style.page}>
        <Palette types={types} after={step?.section === 'steps' ? step.name : undefined} onAdd={add} />
        <div className={style.middle}>
          <div className={style.canvas}>
            <Canvas
              label="Steps and what they need"
              steps={steps}
              sections={sections}
              selected={step?.name}
              onSelect={onSelect}
              edits={{
                connect: (from, to) => {
                  if (sectionOf(from) === sectionOf(to)) change(connect(text, sectionOf(to), from, to))
                  else say('Steps of the end come after all others anyway', 'bad')
                },
                disconnect: (from, to) => change(disconnect(text, sectionOf(to), from, to)),
                remove,
              }}
            />
          </div>
          <Faults verdict={verdict} onPick={pick} />
        </div>
        <div className={style.side}>
          <SideForm
            key={`${step?.name ?? ''}/${drawn}`}
            step={step}
            shown={shown}
            types={types}
            faults={faults}
            onClose={() => onSelect(undefined)}
            onRemove={remove}
            set={(path, value) => change(setAt(text, path, value), true)}
            connect={(from, to) => change(connect(text, sectionOf(to), from, to))}
            disconnect={(from, to) => change(disconnect(text, sectionOf(to), from, to))}
            rename={(of, to) => {
              change(renameStep(text, of, to))
              onSelect(to)
            }}
          />
          <div className={style.yaml}>
            <Editor
              label={`${title} as YAML`}
              value={text}
              onChange={(value) => {
                save.reset()
                setPlace(undefined)
                act({ kind: 'typed', text: value, at: Date.now() })
                setDrawn((count) => count + 1)
              }}
              wrongLine={wrongLine}
              onSave={onSave}
            />
          </div>
        </div>
      </div>
    </div>
  )
}
