import { DomainError } from '../domain/errors.ts'

/** The page state of a link that no longer works; any other error goes on to the error handler. */
export function deadLink<Code extends string>(
  thrown: unknown,
  codes: readonly Code[],
): { readonly state: 'dead'; readonly code: Code } {
  const code = thrown instanceof DomainError ? codes.find((each) => each === thrown.code) : undefined
  if (code === undefined) throw thrown
  return { state: 'dead', code }
}
