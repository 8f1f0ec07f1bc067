import { api, take } from '../../api/client'
import type { Check } from '../../api/types'
import { useAct } from '../../api/useAct'
import { commands } from '../../commands'
import { Dialog } from '../../widgets/Dialog'
import { say } from '../../widgets/Toasts'
import { count } from '../../words/text'

/** Asked once more, for something on the server's disk or in its records changes by it. */
export function FixDialog({ check, close }: { check: Check; close: () => void }) {
  const act = useAct(
    (_: undefined, headers) => take(api.POST('/api/v1/doctor/fix', { body: { checks: [check.id] }, headers })),
    (mended) => {
      say(mended.items.length === 0 ? 'There was nothing to mend' : `${count(mended.items.length, 'thing')} mended`)
      close()
    },
  )
  return (
    <Dialog
      title={`Mend ${check.name}`}
      submit="Mend it"
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.fix(check.id)}
    >
      <p>{check.detail}.</p>
      <p className="muted">Nothing is lost by it, and what is changed is a fact with your name.</p>
    </Dialog>
  )
}

/** A tar of what the server is and how it is. */
export function BundleDialog({ close }: { close: () => void }) {
  const act = useAct(
    () => take(api.GET('/api/v1/doctor/bundle', { parseAs: 'blob' })),
    (content) => {
      if (content instanceof Blob) save(content)
      say('The support bundle is saved')
      close()
    },
  )
  return (
    <Dialog
      title="Support bundle"
      submit="Make it"
      onClose={close}
      onSubmit={() => act.run(undefined)}
      busy={act.busy}
      problem={act.problem}
      command={commands.bundle()}
    >
      <p>
        Versions, settings, what the doctor found, the last facts without what they say, the end of the log,
        integrations with references alone. No secret and no key is in it; its manifest lists every file.
      </p>
    </Dialog>
  )
}

function save(content: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = 'stella-support.tar'
  link.click()
  URL.revokeObjectURL(link.href)
}
