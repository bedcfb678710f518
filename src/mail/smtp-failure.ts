/** What the errors of the SMTP library tell, without its sentences: those hold addresses. */

export interface SmtpFailure {
  /** Of the library, such as `EAUTH`, or of the system. */
  readonly code: string | null
  /** Of the system or of TLS below it, such as `ECONNREFUSED`. */
  readonly originalCode: string | null
  /** Nothing came in time. */
  readonly timedOut: boolean
  /** The command that was answered, such as `RCPT TO`. */
  readonly command: string | null
  /** The three digits of the answer (RFC 5321 section 4.2). */
  readonly responseCode: number | null
  /** The whole answer; it may quote the address. */
  readonly response: string | null
}

const FIELDS = ['code', 'originalCode', 'command', 'responseCode', 'response'] as const

/** The mailbox does not exist, or takes no mail: address and mailbox status (RFC 3463 sections 3.2, 3.3). */
const NO_MAILBOX = /^5\d\d[ -]5\.(?:1\.(?!7\b|8\b)|2\.(?!2\b))\d{1,3}\b/

export function readFailure(error: unknown): SmtpFailure {
  const found = new Map<string, unknown>(error instanceof Error ? Object.entries(error) : [])
  const [code, originalCode, command, responseCode, response] = FIELDS.map((name) => found.get(name))
  return {
    code: typeof code === 'string' ? code : null,
    originalCode: typeof originalCode === 'string' ? originalCode : null,
    timedOut: code === 'ETIMEDOUT' || isTimeout(error),
    command: typeof command === 'string' ? command : null,
    responseCode: typeof responseCode === 'number' ? responseCode : null,
    response: typeof response === 'string' ? response : null,
  }
}

/** The limit of a whole delivery ends it as an abort, whose cause is the clock. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'TimeoutError'
}

/**
 * Whether the mail server has said for good that nobody gets mail at this address. Every other refusal, a
 * final one included, may be about us (a relay that does not know us, a sender that it does not take) or may
 * pass (a full mailbox): such a mail is tried again for as long as it is wanted.
 */
export function refusesMailbox({ command, response }: SmtpFailure): boolean {
  return command === 'RCPT TO' && NO_MAILBOX.test(response ?? '')
}
