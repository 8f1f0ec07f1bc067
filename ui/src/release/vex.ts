import type { NewStatement } from '../api/types'

export const STATUSES = ['not_affected', 'affected', 'fixed', 'under_investigation'] as const

export type VexStatus = (typeof STATUSES)[number]

export const JUSTIFICATIONS = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const

/** What is not affected is so for a reason; without one the server would refuse it. */
export function isReasoned({ status, justification, impact }: NewStatement): boolean {
  return status !== 'not_affected' || justification !== '' || impact.trim() !== ''
}
