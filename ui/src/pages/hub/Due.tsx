import type { Integration } from '../../api/types'
import { isObject } from '../../words/object'
import { State } from '../../widgets/State'

/** The day by which its credentials are to be others. */
export function Due({ of }: { of: Pick<Integration, 'spec' | 'isDue'> }) {
  const { rotateBy, credentials } = of.spec
  if (typeof rotateBy === 'string') {
    return of.isDue ? (
      <State look={{ tone: 'wait', icon: 'alert-triangle', word: `since ${rotateBy}` }} />
    ) : (
      <span className="nowrap">{rotateBy}</span>
    )
  }
  const has = isObject(credentials) && Object.keys(credentials).length > 0
  return <span className="muted">{has ? 'no day set' : 'no credentials'}</span>
}
