import { Button } from '@mantine/core'
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { evidenceQuery } from '../../api/queries'
import type { Evidence } from '../../api/types'
import { commands } from '../../commands'
import { paths } from '../../paths'
import { ActionButton } from '../../widgets/ActionButton'
import { Command, Digest } from '../../widgets/Copy'
import { Icon } from '../../widgets/Icon'
import { PageHead, Pairs, Panel } from '../../widgets/Panel'
import { State } from '../../widgets/State'
import { type Column, Table } from '../../widgets/Table'
import { Time } from '../../widgets/Time'
import { bytes, count } from '../../words/text'
import { Entry } from './Entry'
import style from './EvidencePage.module.css'

const route = getRouteApi('/shell/evidence/$id')

type EntryRow = Evidence['entries'][number]

export function EvidencePage() {
  const { id } = route.useParams()
  const evidence = useSuspenseQuery(evidenceQuery(id)).data
  const client = useQueryClient()
  const subject = evidence.kind === 'promotion' ? paths.promotion(evidence.subject) : paths.deployment(evidence.subject)
  return (
    <>
      <PageHead
        title={`Packet of the ${evidence.kind}`}
        sub={
          <>
            <code>{evidence.name}.stella.tar</code>
            <span>
              sealed <Time at={evidence.createdAt} />
            </span>
          </>
        }
        actions={
          <>
            <ActionButton
              variant="default"
              leftSection={<Icon name="refresh" />}
              onClick={() => void client.invalidateQueries({ queryKey: ['packet', id] })}
            >
              Verify again
            </ActionButton>
            <Button
              component="a"
              href={`/api/v1/evidence/${evidence.id}/packet`}
              download={`${evidence.name}.stella.tar`}
              leftSection={<Icon name="download" />}
            >
              Download
            </Button>
          </>
        }
      />
      <div className="split">
        <div className="stack">
          <Verdict evidence={evidence} />
          <Panel title={`${count(evidence.entries.length, 'entry', 'entries')} in it`} flush>
            <Table
              label="Entries of the packet"
              rows={evidence.entries}
              rowKey={({ name }) => name}
              columns={columns(evidence.id)}
            />
          </Panel>
        </div>
        <div className="stack">
          <Panel title="Verify it yourself">
            <div className="stack near">
              <p className="muted">With no server and no network.</p>
              <Command text={commands.getPacket(evidence.id)} label="how to fetch the packet" />
              <Command text={evidence.command} label="how to verify the packet" />
              <a href="/api/v1/trust/root" download="trusted-root.json" className="row">
                <Icon name="download" size={14} /> trusted-root.json: whose keys to believe
              </a>
              <Command text={commands.replay(evidence.name)} label="how to decide again from the packet" />
            </div>
          </Panel>
          <Panel title="About">
            <Pairs
              of={[
                [
                  'Proves',
                  <Link key="subject" {...subject}>
                    the {evidence.kind}
                  </Link>,
                ],
                ['Digest', <Digest key="digest" value={evidence.digest} label="packet digest" />],
                ['Size', bytes(evidence.size)],
              ]}
            />
          </Panel>
        </div>
      </div>
    </>
  )
}

function Verdict({ evidence }: { evidence: Evidence }) {
  const { good, checks } = evidence.verification
  const failed = checks.filter((check) => !check.good).length
  return (
    <section className={style.verdict} data-good={good} aria-label="Verification">
      <div className={style.head}>
        <Icon name={good ? 'shield-check' : 'shield-x'} size={28} />
        <div>
          <h2>{good ? 'It verifies' : 'It does not verify'}</h2>
          <p>
            {good
              ? `All ${checks.length} checks hold: nothing in it was changed since it was sealed.`
              : `${failed} of ${count(checks.length, 'check')} failed: do not rely on this packet.`}
          </p>
        </div>
      </div>
      <ul className={style.checks}>
        {checks.map((check) => (
          <li key={check.name}>
            <State
              look={
                check.good
                  ? { tone: 'good', icon: 'check', word: check.name }
                  : { tone: 'bad', icon: 'x', word: check.name }
              }
            />
            <span>
              {check.detail}
              {check.place && (
                <span className={style.place}>
                  <Icon name="map-pin" size={13} /> {check.place}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

const columns = (id: string): readonly Column<EntryRow>[] => [
  { key: 'name', head: 'Entry', cell: (entry) => <Entry evidence={id} entry={entry} /> },
  { key: 'digest', head: 'Digest', cell: (entry) => <Digest value={entry.digest} label={`digest of ${entry.name}`} /> },
  { key: 'size', head: 'Size', align: 'right', cell: (entry) => <span className="nowrap">{bytes(entry.size)}</span> },
]
