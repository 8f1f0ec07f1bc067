import { Modal, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useState } from 'react'
import { agentsQuery, environmentsQuery, integrationsQuery, promotionsQuery, releasesQuery } from '../api/queries'
import { paths } from '../paths'
import { Icon } from '../widgets/Icon'
import { ACTIONS } from './actions'
import { choicesFor, type Choice } from './choices'
import style from './Palette.module.css'

const SHOWN_MAX = 12

/** Everything one can go to or do, by typing a part of its name or pasting an id. */
export function Palette({ close }: { close: () => void }) {
  const router = useRouter()
  const list = useId()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const found = choicesFor(text, [...actionChoices(), ...useThings()]).slice(0, SHOWN_MAX)
  const chosen = Math.min(at, found.length - 1)
  const go = (choice: Choice | undefined) => {
    if (choice === undefined) return
    close()
    choice.perform(router)
  }
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step !== 0) {
      event.preventDefault()
      setAt((chosen + step + found.length) % Math.max(found.length, 1))
    }
    if (event.key === 'Enter') {
      event.preventDefault()
      go(found[chosen])
    }
  }
  return (
    <Modal.Root opened onClose={close} yOffset="12vh" size="lg">
      <Modal.Overlay backgroundOpacity={0.4} />
      <Modal.Content aria-label="Go to or do anything" aria-labelledby={undefined}>
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        className={style.input}
        role="combobox"
        aria-label="Go to or do anything"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[chosen] ? `${list}-${chosen}` : undefined}
        placeholder="A page, a release, an environment, or an id"
        leftSection={<Icon name="search" />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKey}
      />
      <ul className={style.list} role="listbox" id={list} aria-label="Choices">
        {found.map((choice, index) => (
          // oxlint-disable-next-line click-events-have-key-events -- the input beside it has the keys
          <li
            key={choice.id}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={style.choice}
            onMouseMove={() => setAt(index)}
            onClick={() => go(choice)}
          >
            <Icon name={choice.icon} />
            <span className="grow clip">{choice.label}</span>
            <span className="muted small">{choice.hint}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className={style.none}>Nothing is called so.</p>}
      </Modal.Content>
    </Modal.Root>
  )
}

function actionChoices(): Choice[] {
  return ACTIONS.map((action) => ({ ...action, hint: action.keys ?? '' }))
}

/** What the server holds, as far as it was asked: the newest releases and promotions, all environments, agents, integrations. */
function useThings(): Choice[] {
  const releases = useInfiniteQuery(releasesQuery()).data?.pages.flatMap((page) => page.items) ?? []
  const promotions = useInfiniteQuery(promotionsQuery()).data?.pages.flatMap((page) => page.items) ?? []
  const environments = useQuery(environmentsQuery).data?.items ?? []
  const agents = useQuery(agentsQuery).data?.items ?? []
  const integrations = useQuery(integrationsQuery).data?.items ?? []
  return [
    ...environments.map(
      ({ name }): Choice => ({
        id: `environment-${name}`,
        label: name,
        hint: 'environment',
        icon: 'stack-2',
        perform: (router) => void router.navigate(paths.environment(name)),
      }),
    ),
    ...releases.map(
      (release): Choice => ({
        id: release.id,
        label: `${release.name} ${release.version}`,
        hint: 'release',
        icon: 'package',
        perform: (router) => void router.navigate(paths.release(release.id)),
      }),
    ),
    ...promotions.map(
      (promotion): Choice => ({
        id: promotion.id,
        label: `${promotion.release.name} ${promotion.release.version} to ${promotion.environment}`,
        hint: `promotion, ${promotion.state}`,
        icon: 'git-pull-request',
        perform: (router) => void router.navigate(paths.promotion(promotion.id)),
      }),
    ),
    ...integrations.map(
      (integration): Choice => ({
        id: `integration-${integration.name}`,
        label: integration.name,
        hint: `integration, ${integration.title}`,
        icon: 'plug',
        perform: (router) => void router.navigate(paths.integration(integration.name)),
      }),
    ),
    ...agents.map(
      (agent): Choice => ({
        id: agent.id,
        label: agent.name,
        hint: `agent, ${agent.state}`,
        icon: 'server-2',
        perform: (router) => void router.navigate(paths.agents()),
      }),
    ),
  ]
}
