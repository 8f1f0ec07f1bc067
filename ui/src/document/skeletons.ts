// What a new document begins with: enough to be taken once its blanks are filled, and the keys people look for.

export const SKELETONS: Readonly<Record<string, string>> = {
  Environment: `apiVersion: stella/v1
kind: Environment
name: 
spec:
  # after: the environment before this one
  policy: starter
  parameters: {severityMax: high}
  approvals:
    - {rule: peers, approvers: ["role:approver"], count: 1}
`,
  Lifecycle: `apiVersion: stella/v1
kind: Lifecycle
name: 
spec:
  channels: []
  phases:
    - {name: first, environments: [dev]}
`,
  Policy: `apiVersion: stella/v1
kind: Policy
name: 
spec:
  rules:
    - name: severe-with-fix
      findings: {severityFrom: high, fixAvailable: true}
  tests:
    - name: one with a fix may not pass
      findings: [{severity: high, fixed: "2.0"}]
      expect: {severe-with-fix: blocked}
`,
  Freeze: `apiVersion: stella/v1
kind: Freeze
name: 
spec:
  from: 2030-01-04T18:00       # the first window, on the clock of timeZone
  until: 2030-01-07T06:00
  timeZone: UTC
  recurrence: FREQ=WEEKLY;BYDAY=FR
  reason: 
  environments: []             # all where it is empty
`,
  OnCallSchedule: `apiVersion: stella/v1
kind: OnCallSchedule
name: 
spec:
  timeZone: UTC
  layers:
    - name: weeks
      people: []                   # users, by name, in their order
      from: 2030-01-07T09:00       # the first handover, on the clock of timeZone
      handover: FREQ=WEEKLY;BYDAY=MO
`,
  Trigger: `apiVersion: stella/v1
kind: Trigger
name: 
spec:
  workflow: 
  on: {event: ImagePushed}     # stella trigger events; or schedule: {cron: "30 2 * * *", timezone: UTC}
  if: event.tag != 'latest'    # asked of each event; may be left out
  with: {version: "\${{ event.tag }}"}
`,
  ReleaseTemplate: `apiVersion: stella/v1
kind: ReleaseTemplate
name: 
spec:
  components:
    web: {}
  version: "{year}.{month}.{counter}"
`,
}
