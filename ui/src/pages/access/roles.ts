/** Every role, with what it may do. */
export const ROLES = [
  ['viewer', 'sees everything'],
  ['developer', 'creates releases, asks for promotions, scans'],
  ['approver', 'approves what others asked for'],
  ['operator', 'cancels, freezes, enrols agents, changes environments, policies, integrations and secrets'],
  ['admin', 'everything, users and plugins too'],
] as const
