import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { api, take } from '../../api/client'
import type { Finding, NewStatement } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { isReasoned, JUSTIFICATIONS, STATUSES, type VexStatus } from '../../release/vex'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'

interface Props {
  finding: Finding
  /** Digest of the platform image that it was found in. */
  image: string
  close: () => void
}

/** Say whether a finding matters: a statement in the installation's name, signed by the server. */
export function VexDialog({ finding, image, close }: Props) {
  const [status, setStatus] = useState<VexStatus>('not_affected')
  const [everywhere, setEverywhere] = useState(false)
  const [justification, setJustification] = useState('')
  const [words, setWords] = useState('')
  const [until, setUntil] = useState('')
  const act = useAct(
    (body: NewStatement, headers) => take(api.POST('/api/v1/vex/statements', { body, headers })),
    () => {
      say(`${finding.id} in ${finding.component}: ${status.replaceAll('_', ' ')}`)
      close()
    },
  )
  const expires = until === '' ? '' : new Date(`${until}T00:00:00Z`).toISOString()
  const isExcused = status === 'not_affected'
  const statement: NewStatement = {
    vulnerability: finding.id,
    products: [everywhere ? finding.purl : image],
    subcomponents: everywhere ? [] : [finding.purl],
    status,
    aliases: [],
    justification: isExcused ? justification : '',
    impact: isExcused ? words : '',
    action: status === 'affected' ? words : '',
    notes: isExcused || status === 'affected' ? '' : words,
    expires,
  }
  return (
    <Dialog
      title={`Does ${finding.id} matter in ${finding.component}?`}
      submit="Say so"
      onClose={close}
      onSubmit={() => act.run(statement)}
      busy={act.busy}
      ready={isReasoned(statement)}
      problem={act.problem}
      command={commands.sayVex(statement)}
    >
      <p>
        The server signs it in your name. What was not affected or fixed no longer counts at the gates; promotions that
        wait are judged anew.
      </p>
      <NativeSelect
        label="Status"
        value={status}
        onChange={(event) => setStatus(event.currentTarget.value as VexStatus)}
        data={STATUSES.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))}
      />
      <NativeSelect
        label="Of what"
        value={everywhere ? 'everywhere' : 'here'}
        onChange={(event) => setEverywhere(event.currentTarget.value === 'everywhere')}
        data={[
          { value: 'here', label: `${finding.component} in this image alone` },
          { value: 'everywhere', label: `${finding.component} ${finding.version} in every image` },
        ]}
      />
      {isExcused && (
        <NativeSelect
          label="Justification"
          value={justification}
          onChange={(event) => setJustification(event.currentTarget.value)}
          data={[
            { value: '', label: 'none: say it in words' },
            ...JUSTIFICATIONS.map((one) => ({ value: one, label: one.replaceAll('_', ' ') })),
          ]}
        />
      )}
      <Textarea
        label={isExcused ? 'Impact' : status === 'affected' ? 'What to do' : 'Note'}
        description="It stands in the evidence."
        required={isExcused && justification === ''}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <TextInput
        type="date"
        label="Valid until"
        description="From then on it no longer counts; empty for no end."
        value={until}
        onChange={(event) => setUntil(event.currentTarget.value)}
      />
    </Dialog>
  )
}
