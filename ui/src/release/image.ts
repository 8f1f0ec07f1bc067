import type { EntryPoint, Image, ImageSecret, PrivilegedFile } from '../api/types'

type Traits = NonNullable<Image['traits']>

/** As whom a container begins, in words. */
export function userWords(user: Traits['user']): string {
  const name = user.name === '' ? 'root, for no user is named' : user.name
  if (user.root === 'unknown') return `${user.name}: unknown whether that is root, ${user.reason}`
  if (user.root === 'yes') return user.name === '' || user.name === 'root' ? name : `${name}, which is root`
  return user.uid === null || String(user.uid) === user.name ? name : `${name} (${user.uid})`
}

/** What is run, in words; empty where it is not known. */
export function programOf(entry: EntryPoint): string {
  if (entry.confidence === 'unknown') return ''
  return entry.module === '' ? entry.program : `module ${entry.module}`
}

/** Where a secret lies, in words. */
export function secretPlace(secret: ImageSecret): string {
  switch (secret.where) {
    case 'command':
      return `word ${secret.path} of ENTRYPOINT and CMD`
    case 'environment':
      return `the variable ${secret.path}`
    case 'history':
      return `step ${secret.path} of the build`
    case 'label':
      return `the label ${secret.path}`
    case 'user':
      return 'the USER that it runs as'
    case 'file':
      return `${secret.path}:${secret.line}, layer ${secret.layerIndex ?? '?'}`
  }
}

/** What a file's runner gets, in words. */
export function powerOf(file: PrivilegedFile): string {
  return file.capabilities.length > 0 ? file.capabilities.join(', ') : `mode ${file.mode} of ${file.uid}:${file.gid}`
}

/** Until when the distribution gets updates, in words. */
export function lifetimeWords(lifetime: NonNullable<Image['lifetime']>): string {
  switch (lifetime.until) {
    case '':
      return `unknown: ${lifetime.source}`
    case 'none':
      return 'nothing of a distribution is in it'
    case 'rolling':
      return `${lifetime.distro} is rolling`
    default:
      return lifetime.over === 'yes'
        ? `${lifetime.distro} gets no updates since ${lifetime.until}`
        : `${lifetime.distro} gets updates until ${lifetime.until}`
  }
}

/**
 * What a package has to do with the program that is run: it is the `program`, it stands on the `way` to it, it lies
 * `beside` it, or nobody can tell.
 */
export type Part = 'program' | 'way' | 'beside' | 'unknown'

export function partOf(entry: EntryPoint | null | undefined, purl: string, paths: readonly string[]): Part {
  if (!entry || entry.confidence === 'unknown') return 'unknown'
  if (entry.package === purl || (entry.program !== '' && paths.includes(entry.program))) return 'program'
  return entry.steps.some((step) => step.package === purl || paths.includes(step.path)) ? 'way' : 'beside'
}
