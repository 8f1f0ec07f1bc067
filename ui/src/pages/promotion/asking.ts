/** What is about to be asked for. environments: in their order. */
export interface Asking {
  release: string
  environments: readonly string[]
  hotfix: boolean
  ticket: string
}

/** What a preview of one of several is told of the others; of one alone there is nothing to tell. */
export const togetherIn = ({ environments }: Asking): readonly string[] => (environments.length > 1 ? environments : [])
