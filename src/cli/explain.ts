import { catalogue, DomainError, type ErrorCode } from '../domain/errors.ts'
import type { Invocation } from './invocation.ts'

/** Prints what an error code means and what to do about it. Throws for a code that there is not. */
export async function explain({ args, output }: Invocation): Promise<void> {
  const [code = ''] = args
  if (!isErrorCode(code)) {
    const similar = Object.keys(catalogue).filter((each) => each.includes(code.slice(0, 5)))
    const hint = similar.length > 0 ? `; there are ${similar.join(', ')}` : '; /docs/errors lists all'
    throw new DomainError('not_found', { detail: `There is no error code ${code}${hint}.` })
  }
  const { status, title, causes, action } = catalogue[code]
  output.record({ code, status, title, causes, action })
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text)
}
