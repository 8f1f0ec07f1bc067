import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import { scheduleOf } from '../../environment/oncall'
import { paths } from '../../paths'

/** Whom a rule asks: users, roles, and whoever is on call by a schedule. */
export function Approvers({ of }: { of: readonly string[] }) {
  return of.map((approver, index) => {
    const schedule = scheduleOf(approver)
    return (
      <Fragment key={approver}>
        {index > 0 && ', '}
        {schedule === undefined ? (
          approver
        ) : (
          <>
            whoever is on call for{' '}
            <Link {...paths.onCall(schedule)} className="strong">
              {schedule}
            </Link>
          </>
        )}
      </Fragment>
    )
  })
}
