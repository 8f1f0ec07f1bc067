import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import type { Contribution } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { BY_HAND, type Draft, documentOf, type Document, faultsOf, withConnector } from '../../hub/draft'
import { isMissing, spread } from '../../hub/reasons'
import { fieldsOf, placesOf, titleAt } from '../../hub/schema'
import { paths } from '../../paths'
import { Command } from '../../widgets/Copy'
import { PageHead, Panel } from '../../widgets/Panel'
import { say } from '../../widgets/Toasts'
import { yamlText } from '../../words/yaml'
import style from './Form.module.css'
import { ConnectorPanel, CredentialsPanel, ReachPanel, ScopePanel } from './FormPanels'
import { Outcome } from './Outcome'
import { SchemaFields } from './SchemaFields'
import { useDryRun } from './useDryRun'

interface Props {
  /** The name of the one that is changed; undefined for a new one. */
  before: string | undefined
  /** Its revision when the form was opened: a change of somebody else is not written over. */
  revision?: number
  first: Draft
  connectors: readonly Contribution[]
  /** Names that a new one cannot have. */
  taken: readonly string[]
}

/** What the panels of the form share. */
export interface Form {
  draft: Draft
  isNew: boolean
  change: (part: Partial<Draft>) => void
  /** What is wrong at a place. What is only missing is told once the reader has been there. */
  at: (place: string) => string | undefined
  touch: (place: string) => void
}

/** Every place of the form itself, as its label reads. */
const TITLES = {
  name: 'Name',
  connector: 'Connector',
  endpoint: 'Endpoint',
  credentials: 'Credentials',
  rotateBy: 'New credentials by',
  config: 'Settings',
  roles: 'Roles',
  environments: 'Environments',
  hosts: 'Further hosts',
  networks: 'Private networks',
  timeoutS: 'Timeout of one call',
  requestsPerS: 'Requests per second',
  proxy: 'Proxy',
  ca: 'Own authority',
} as const

export function IntegrationForm({ before, revision, first, connectors, taken }: Props) {
  const navigate = useNavigate()
  const [draft, setDraft] = useState(first)
  // What is fetched later is newer than what the reader began with.
  const [seen] = useState(revision)
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set())
  const [broken, setBroken] = useState<ReadonlyMap<string, string>>(new Map())
  const [stored, setStored] = useState(0)
  const brought = connectors.find(({ kind, name }) => kind === draft.kind && name === draft.connector)
  const fields = useFields(brought, first)
  const faults = useMemo(
    () => new Map([...faultsOf(draft, before === undefined ? taken : []), ...broken]),
    [draft, before, taken, broken],
  )
  const document = documentOf(draft, faults)
  const isReady = document.name !== '' && (document.spec.endpoint !== undefined || brought?.schemes.length === 0)
  const { verdict, isCurrent } = useDryRun(isReady ? document : undefined, stored)
  const names = [...new Set([...(brought?.credentials ?? []).map(({ name }) => name), ...Object.keys(draft.credentials)])]
  const places = new Set([...Object.keys(TITLES), ...placesOf(fields), ...names.map((name) => `credentials.${name}`)])
  const said = spread(verdict.kind === 'refused' ? verdict.reasons : [], places, draft.credentials)

  const titleOfPlace = (place: string): string =>
    brought?.credentials.find(({ name }) => place === `credentials.${name}`)?.title ??
    Object.entries(TITLES).find(([key]) => key === place)?.[1] ??
    titleAt(fields, place) ??
    place
  const missing = [...said.at].flatMap(([place, words]) =>
    faults.has(place) ? [] : words.filter(isMissing).map((one) => beyond(titleOfPlace(place), one)),
  )
  const wrong = [...places].filter((place) => faults.has(place) || said.at.get(place)?.some((one) => !isMissing(one)))
  const wrongAt = (place: string): readonly string[] => {
    const own = faults.get(place)
    return own === undefined ? (said.at.get(place) ?? []) : [own]
  }
  const form: Form = {
    draft,
    isNew: before === undefined,
    change: (part) => setDraft((now) => ({ ...now, ...part })),
    at: (place) => {
      const words = wrongAt(place).filter((one) => touched.has(place) || !isMissing(one))
      return words.length === 0 ? undefined : words.join('; ')
    },
    touch: (place) => setTouched((now) => (now.has(place) ? now : new Set([...now, place]))),
  }
  const act = useAct(
    (body: Document, headers) =>
      take(
        api.POST('/api/v1/apply', {
          body: { ...BY_HAND, documents: [{ ...body }], dryRun: false },
          headers: revision === undefined ? headers : { ...headers, 'If-Match': `"${seen}"` },
        }),
      ),
    () => {
      say(`The integration ${document.name} is ${before === undefined ? 'there' : 'changed'}`)
      void navigate(paths.integration(document.name))
    },
  )
  const isFine = isReady && isCurrent && verdict.kind === 'fine' && faults.size === 0
  const onConnector = (to: Contribution) => {
    setDraft((now) => withConnector(now, to))
    setBroken(new Map())
  }
  const onFault = (place: string, fault: string | undefined) =>
    setBroken((now) => {
      const next = new Map(now)
      if (fault === undefined) next.delete(place)
      else next.set(place, fault)
      return next
    })
  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault()
        // A dialog of this form has a form of its own, whose events pass here on their way.
        if (event.target === event.currentTarget && isFine && !act.busy) act.run(document)
      }}
    >
      <PageHead
        title={before === undefined ? 'Add an integration' : `Change ${before}`}
        sub="Checked by the server while you type; nothing is applied before you say so"
      />
      <div className={style.form}>
        <div className="stack">
          <ConnectorPanel form={form} connectors={connectors} brought={brought} onConnector={onConnector} />
          <CredentialsPanel
            form={form}
            names={names}
            brought={brought}
            onStored={() => setStored((count) => count + 1)}
          />
          <Panel title={brought === undefined ? 'Settings' : `Settings of ${brought.title}`}>
            {fields.length === 0 && <p className="muted">It has none of its own.</p>}
            {form.at('config') !== undefined && fields.every(({ path }) => path !== 'config') && (
              <p className={style.fault}>{form.at('config')}</p>
            )}
            <SchemaFields
              key={`${draft.kind}/${draft.connector}`}
              fields={fields}
              config={draft.config}
              onChange={(config) => form.change({ config })}
              at={form.at}
              onFault={onFault}
            />
          </Panel>
          <ScopePanel form={form} />
          {brought?.schemes.length !== 0 && <ReachPanel form={form} />}
        </div>
        <div className={`stack ${style.side}`}>
          <Outcome
            name={document.name}
            command={commands.applyIntegration(document.name)}
            needs="a name and an endpoint"
            verdict={verdict}
            isReady={isReady}
            isCurrent={isCurrent}
            isNew={before === undefined}
            isWhole={faults.size === 0}
            wrong={wrong.map(titleOfPlace)}
            missing={missing}
            rest={said.rest}
            problem={act.problem}
            busy={act.busy}
          />
          <Panel title="The document">
            <Command text={yamlText(document)} label="the document" />
          </Panel>
        </div>
      </div>
    </form>
  )
}

/** The fields of the connector, fixed as long as it is the same one. */
function useFields(brought: Contribution | undefined, first: Draft) {
  return useMemo(() => {
    const isFirst = brought?.kind === first.kind && brought.name === first.connector
    return fieldsOf(brought?.configSchema ?? {}, isFirst ? first.config : {})
  }, [brought, first])
}

/** What is missing, where it has no field of its own: the field around it, and its name. */
function beyond(title: string, words: string): string {
  const name = /^(.+): it is required$/.exec(words)?.[1]
  return name === undefined ? title : `${title}: ${name}`
}
