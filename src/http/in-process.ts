import { asDomainError, problemOf } from './errors.ts'
import type { Context } from './mount.ts'
import type { Route } from './route.ts'

/**
 * Answers a route that moves many rows without a request, for a command in this very process: nothing of them
 * is turned into text and back. The fields of the body are what the command makes them; the rules look at
 * each row.
 */
export async function answerInProcess(
  one: Route,
  body: unknown,
  { deps, surroundings }: Context,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const id = deps.ids.next()
  const caller = { requestId: `cli:${id}`, userAgent: null, network: null }
  const request = { body, query: {}, params: {}, header: () => undefined, actor: null }
  try {
    const { status, body: json } = await one.handle({ ...request, caller, deps, surroundings })
    return { status, json }
  } catch (thrown) {
    const problem = problemOf(asDomainError(thrown), id, deps.rules.publicUrl)
    if (problem.status === 500) deps.log.error({ requestId: id, route: one.path }, 'command failed', thrown)
    return { status: problem.status, json: problem }
  }
}
