/**
 * Asks a service of breached passwords by range (k-anonymity): it is sent the first 5 of the 40 hexadecimal
 * digits of a SHA-1, answers with every ending that it knows behind them, and never learns the password.
 */
import { hash } from 'node:crypto'
import { passwordRange } from '../domain/limits.ts'
import type { BreachedPasswords } from '../domain/ports/breached-passwords.ts'
import type { Log } from '../domain/ports/runtime.ts'

const PREFIX_DIGITS = 5

/** Where the operator has named no service, nobody is asked. */
export const noBreachedPasswords: BreachedPasswords = { has: async () => false }

/** The service whose URL is `url` and the prefix. */
export function createBreachedPasswords({
  url,
  log,
}: {
  readonly url: string
  readonly log: Log
}): BreachedPasswords {
  let asking = 0
  // What is logged holds neither the URL with the prefix nor the error, whose text may.
  const unchecked = (reason: string) => {
    log.warn({ event: 'password_range', reason }, 'a password was not looked up among the breached ones')
    return false
  }
  return {
    async has(password) {
      if (asking >= passwordRange.atOnce) return unchecked('busy')
      const digest = hash('sha1', password).toUpperCase()
      asking += 1
      try {
        const listed = await rangeOf(url + digest.slice(0, PREFIX_DIGITS))
        return knows(listed, digest.slice(PREFIX_DIGITS))
      } catch (error) {
        return unchecked(error instanceof Error ? error.name : 'unknown')
      } finally {
        asking -= 1
      }
    },
  }
}

/** Padded, so that the size of the answer does not tell the prefix to whoever sees the encrypted traffic. */
async function rangeOf(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { 'add-padding': 'true' },
    redirect: 'error',
    signal: AbortSignal.timeout(passwordRange.answerMs),
  })
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw Object.assign(new Error('no range'), { name: `Status${response.status}` })
  }
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.length > passwordRange.answerMaxBytes) throw new RangeError('the answer is too long')
  }
  return text
}

/** Lines of `ending:count`; a count of 0 is padding. */
function knows(listed: string, ending: string): boolean {
  return listed.split(/\r?\n/).some((line) => {
    const [found = '', count = ''] = line.toUpperCase().split(':')
    return found === ending && Number(count) > 0
  })
}
