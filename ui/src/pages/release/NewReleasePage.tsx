import { ActionIcon, Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { releaseQuery } from '../../api/queries'
import { useWhyNot } from '../../api/session'
import type { Release } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { CommandHint } from '../../widgets/Dialog'
import { Icon } from '../../widgets/Icon'
import { PageHead, Panel } from '../../widgets/Panel'
import { Refusal } from '../../widgets/Refusal'
import { say } from '../../widgets/Toasts'
import style from './NewReleasePage.module.css'

const route = getRouteApi('/shell/releases/new')

interface Line {
  key: number
  name: string
  reference: string
}

/** The lines of a new release: those of the one it is made from, else one empty one. */
function linesFrom(release: Release | undefined): Line[] {
  const lines = release?.components.map(({ name, reference }, key) => ({ key, name, reference })) ?? []
  return lines.length > 0 ? lines : [{ key: 0, name: '', reference: '' }]
}

export function NewReleasePage() {
  const { from } = route.useSearch()
  const source = useQuery({ ...releaseQuery(from ?? ''), enabled: from !== undefined }).data
  return <Form key={source?.id} source={source} />
}

function Form({ source }: { source: Release | undefined }) {
  const navigate = useNavigate()
  const whyNot = useWhyNot('release.create')
  const [name, setName] = useState(source?.name ?? '')
  const [version, setVersion] = useState('')
  const [channel, setChannel] = useState(source?.channel ?? '')
  const [lines, setLines] = useState(() => linesFrom(source))
  const act = useAct(
    (
      body: { name: string; version: string; components: Record<string, string>; channel: string },
      headers,
    ) =>
      take(api.POST('/api/v1/releases', { body, headers })),
    (release) => {
      say(`${release.name} ${release.version} is sealed`)
      void navigate(paths.release(release.id))
    },
  )
  const filled = lines.filter((line) => line.name.trim() !== '' && line.reference.trim() !== '')
  const pairs = filled.map((line) => [line.name.trim(), line.reference.trim()] as const)
  const ready = whyNot === undefined && name.trim() !== '' && version.trim() !== '' && filled.length > 0
  const change = (key: number, part: Partial<Line>) =>
    setLines(lines.map((line) => (line.key === key ? { ...line, ...part } : line)))
  return (
    <form
      className={`stack ${style.form}`}
      onSubmit={(event) => {
        event.preventDefault()
        if (ready) {
          act.run({
            name: name.trim(),
            version: version.trim(),
            components: Object.fromEntries(pairs),
            channel: channel.trim(),
          })
        }
      }}
    >
      <PageHead
        title="Create a release"
        sub={source ? `From ${source.name} ${source.version}` : 'Each reference is resolved to a digest now, and never again'}
      />
      <Panel>
        <div className="stack">
          <div className={style.pair}>
            <TextInput
              label="Name"
              placeholder="shop"
              value={name}
              autoFocus={source === undefined}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label="Version"
              placeholder="2.0.0"
              value={version}
              autoFocus={source !== undefined}
              onChange={(event) => setVersion(event.currentTarget.value)}
            />
          </div>
          <TextInput
            label="Channel"
            description="May stay empty. It picks the lifecycle that the release takes."
            placeholder="stable"
            value={channel}
            onChange={(event) => setChannel(event.currentTarget.value)}
          />
          <fieldset className={style.lines}>
            <legend>Components</legend>
            {lines.map((line, index) => (
              <div key={line.key} className={style.line}>
                <TextInput
                  aria-label={`Name of component ${index + 1}`}
                  placeholder="web"
                  value={line.name}
                  onChange={(event) => change(line.key, { name: event.currentTarget.value })}
                />
                <TextInput
                  aria-label={`Image of component ${index + 1}`}
                  placeholder="registry.example:5000/shop/web:2.0.0"
                  className="mono"
                  value={line.reference}
                  onChange={(event) => change(line.key, { reference: event.currentTarget.value })}
                />
                <ActionIcon
                  aria-label={`Remove component ${index + 1}`}
                  disabled={lines.length === 1}
                  onClick={() => setLines(lines.filter(({ key }) => key !== line.key))}
                >
                  <Icon name="x" />
                </ActionIcon>
              </div>
            ))}
            <Button
              variant="default"
              leftSection={<Icon name="plus" />}
              onClick={() =>
                setLines([...lines, { key: Math.max(...lines.map(({ key }) => key)) + 1, name: '', reference: '' }])
              }
            >
              Add a component
            </Button>
          </fieldset>
        </div>
      </Panel>
      {act.problem && <Refusal problem={act.problem} />}
      {whyNot !== undefined && <p className="muted">{whyNot}</p>}
      <div className="row wrap between">
        <CommandHint command={commands.createRelease(name, version, pairs, channel.trim())} />
        <Button type="submit" loading={act.busy} disabled={!ready}>
          Seal the release
        </Button>
      </div>
    </form>
  )
}
