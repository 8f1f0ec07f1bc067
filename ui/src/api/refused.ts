import type { Problem } from './types'

/** The server said no, or could not be reached: what it wrote, carried to the page that shows it. */
export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.title)
    this.name = 'Refused'
    this.problem = problem
  }
}

const ADVICE = 'Try again; when it stays so, ask whoever runs this server.'

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value && 'code' in value
}

/** Any answer that is not the wanted one, as a problem. */
export function problemOf(body: unknown, status: number): Problem {
  if (isProblem(body)) return { ...body, status }
  return {
    type: 'about:blank',
    title: `The server answered with status ${status}`,
    status,
    code: `HTTP ${status}`,
    remedy: { advice: ADVICE, command: null },
  }
}

/** Whatever a query or a router threw, as a problem. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Refused) return error.problem
  if (error instanceof TypeError && /fetch|network|load/i.test(error.message)) return UNREACHABLE
  return {
    type: 'about:blank',
    title: error instanceof Error ? error.message : 'Something in this page went wrong',
    status: 0,
    code: 'CONSOLE',
    remedy: { advice: 'Reload the page. If it happens again, it is a bug of the console.', command: null },
  }
}

export const UNREACHABLE: Problem = {
  type: 'about:blank',
  title: 'The server cannot be reached',
  status: 0,
  code: 'OFFLINE',
  retry_may_help: true,
  remedy: { advice: 'Check that it runs and that you are connected to it.', command: 'stella doctor' },
}
