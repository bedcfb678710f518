/**
 * The deliverer: takes due mails from the outbox on lease and hands them to the transports. Delivery is at
 * least once; a repetition bears the same Message-ID. Several nodes may run one each, and each keeps its own
 * pace: what it may not send yet stays in the outbox, for itself later or for another node now.
 */
import { mail as limits, type Rate } from '../domain/limits.ts'
import { readMail } from '../domain/mail.ts'
import type { MailContent } from '../domain/mail.ts'
import type { Secrets } from '../domain/ports/crypto.ts'
import type { MailKind, MailMessage, MailTransport } from '../domain/ports/mailer.ts'
import type { Clock, Id, Ids, Log, LogFields } from '../domain/ports/runtime.ts'
import type { AuditEvent, OutgoingMail } from '../domain/ports/records.ts'
import type { Store } from '../domain/ports/store.ts'
import type { User } from '../domain/user.ts'
import { createPace, type Pace } from './pace.ts'
import { readFailure, refusesMailbox } from './smtp-failure.ts'
import { hasLink, renderMail, type MailTemplates } from './templates.ts'

export interface DelivererParts {
  readonly store: Pick<Store, 'claimMail' | 'finishMail' | 'retryMail' | 'findUser'>
  readonly secrets: Secrets
  /**
   * The first one counts: where it fails, the mail is tried again. The others get copies, at most one
   * each.
   */
  readonly transports: readonly [MailTransport, ...MailTransport[]]
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly publicUrl: string
  /** Words and looks; the built-in ones unless given. */
  readonly templates?: MailTemplates
  /** So many mails go out within so long; without it as fast as they can. */
  readonly rate?: Rate | null
  /** A mail of this kind has gone out. */
  readonly onDelivered?: (kind: MailKind) => void
}

export interface Deliverer {
  /** Delivers what is due and may go out now; resolves once that is done. Never throws. */
  flush(): Promise<void>
  /** Ends polling and waits for the batch in flight. The transports stay open. */
  stop(): Promise<void>
}

type Row = OutgoingMail & { readonly attempts: number }

/** What a row comes to: a message, or the reason why nobody gets one. */
type Decision =
  | { readonly message: MailMessage; readonly audit: AuditEvent | null }
  | { readonly erased: 'decoy' | 'user_gone' | 'user_disabled' | 'expired' | 'unreadable' }

/** A mail that its reader waits for in vain: the log and the audit say so. */
type GivenUp = 'expired' | 'no_mailbox'

const sentences: Readonly<Record<GivenUp, string>> = {
  expired: 'a mail was given up: it could not be delivered in time, and nobody wants it any more',
  no_mailbox: 'a mail was given up: the mail server says that this mailbox takes none',
}

/** Starts polling every `mail.pollMs`. Polls never overlap, and they keep no process alive. */
export function startDeliverer(parts: DelivererParts): Deliverer {
  const { store, clock, log } = parts
  const pace = createPace(parts.rate ?? null, clock)
  const paced = { ...parts, transports: pacedBy(pace, parts.transports) }
  /** Went out, but the store could not be told yet: finished, not sent again, when they are claimed next. */
  const sent = new Map<Id, AuditEvent | null>()
  let stopped = false
  let away = false
  let tail: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function drain(): Promise<void> {
    try {
      let more = true
      while (more && !stopped) {
        // Decoys and mails that nobody gets use up nothing: a flood of them holds up no mail.
        const limit = Math.min(limits.batch, pace.left())
        if (limit === 0) return
        const now = clock.now()
        const rows = await store.claimMail({ now, leaseUntil: now + limits.leaseMs, limit })
        const deliveries: Promise<void>[] = []
        for (const row of rows) {
          deliveries.push(deliver(row, sent, paced))
          // Requests that have come are served between two mails.
          await new Promise((turn) => setImmediate(turn))
        }
        await Promise.all(deliveries)
        more = rows.length === limit
        if (away) log.info({}, 'the outbox can be read again')
        away = false
      }
    } catch (error) {
      if (!away) log.warn(failure(error), 'the outbox cannot be read; trying again')
      away = true
    }
  }

  function flush(): Promise<void> {
    tail = tail.then(drain)
    return tail
  }

  function poll(): void {
    timer = setTimeout(() => void flush().then(() => stopped || poll()), limits.pollMs).unref()
  }

  poll()
  return {
    flush,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await tail
    },
  }
}

function pacedBy(pace: Pace, [first, ...copies]: DelivererParts['transports']): DelivererParts['transports'] {
  const send = (message: MailMessage): Promise<void> => {
    pace.count()
    return first.send(message)
  }
  return [{ send, close: () => first.close() }, ...copies]
}

/**
 * Brings one row to its end, or puts it back. Never throws: what the store does not take now, the lease
 * brings back.
 */
async function deliver(row: Row, sent: Map<Id, AuditEvent | null>, parts: DelivererParts): Promise<void> {
  const { store, log } = parts
  const about = { mailId: row.id, userId: row.userId, kind: row.kind, attempts: row.attempts }
  try {
    const done = sent.get(row.id)
    const audit = done === undefined ? await handOver(row, sent, parts) : done
    if (audit === 'again') return
    await store.finishMail({ id: row.id, audit })
    sent.delete(row.id)
  } catch (error) {
    log.warn({ ...about, ...failure(error) }, 'a mail waits for the store')
  }
}

/** The event to finish with, or `again` where the mail was put back. Throws only what the store throws. */
async function handOver(
  row: Row,
  sent: Map<Id, AuditEvent | null>,
  parts: DelivererParts,
): Promise<AuditEvent | null | 'again'> {
  const { store, log, clock, transports, onDelivered } = parts
  const about = { mailId: row.id, userId: row.userId, kind: row.kind, attempts: row.attempts }
  const decision = await decide(row, parts)
  if ('erased' in decision) {
    if (decision.erased === 'expired') return giveUp(row, 'expired', parts)
    if (decision.erased === 'unreadable')
      log.error(about, 'a mail was dropped: it is sealed with another key')
    return null
  }
  const [first, ...copies] = transports
  try {
    await first.send(decision.message)
  } catch (error) {
    if (refusesMailbox(readFailure(error))) return giveUp(row, 'no_mailbox', parts)
    const wait = limits.retryMs[Math.min(row.attempts, limits.retryMs.length - 1)] ?? limits.pollMs
    log.warn({ ...about, ...failure(error), retryMs: wait }, 'a mail was not taken; trying again')
    await store.retryMail({ id: row.id, dueAt: clock.now() + wait })
    return 'again'
  }
  sent.set(row.id, decision.audit)
  await Promise.all(copies.map((copy) => keepCopy(copy, decision.message, log)))
  onDelivered?.(row.kind)
  return decision.audit
}

/** Says that a mail is dropped; the event, for whoever is asked why it never came. */
function giveUp(row: Row, reason: GivenUp, { clock, ids, log }: DelivererParts): AuditEvent {
  const { id: mailId, userId, kind, attempts } = row
  log.warn({ mailId, userId, kind, attempts, reason }, sentences[reason])
  const about = { action: 'send-mail', actorId: null, userId, requestId: 'outbox' }
  return { id: ids.next(), at: clock.now(), ...about, detail: `${kind} given up: ${reason}` }
}

async function keepCopy(transport: MailTransport, message: MailMessage, log: Log): Promise<void> {
  try {
    await transport.send(message)
  } catch (error) {
    log.warn({ mailId: message.id, ...failure(error) }, 'a mail went out, but its copy was not kept')
  }
}

async function decide(row: Row, parts: DelivererParts): Promise<Decision> {
  const { store, secrets, clock, publicUrl, templates } = parts
  if (row.userId === null) return { erased: 'decoy' }
  if (row.expiresAt <= clock.now()) return { erased: 'expired' }
  const user = await store.findUser({ id: row.userId })
  if (!user) return { erased: 'user_gone' }
  if (user.status === 'disabled' && hasLink(row.kind)) return { erased: 'user_disabled' }
  const content = readMail(secrets, row)
  if (!content) return { erased: 'unreadable' }
  const { id, kind, createdAt } = row
  const mail = { kind, content, createdAt, locale: user.locale }
  const rendered = renderMail(mail, publicUrl, templates)
  return {
    message: { id, userId: user.id, kind, to: content.to ?? user.email, ...rendered },
    audit: eventOf(row, content, { user, at: clock.now() }),
  }
}

/** The event of sending. Whoever asked for the mail is unknown: nobody is its actor. */
function eventOf(
  row: Row,
  { audit }: MailContent,
  { user, at }: { readonly user: User; readonly at: number },
): AuditEvent | null {
  return audit && { ...audit, at, actorId: null, userId: user.id, detail: row.kind }
}

/** Codes of an error and nothing of its message, which may hold an address. */
function failure(error: unknown): LogFields {
  if (!(error instanceof Error)) return {}
  const { code, originalCode, responseCode } = readFailure(error)
  return {
    error: error.name,
    ...(code !== null && { code }),
    ...(originalCode !== null && { originalCode }),
    ...(responseCode !== null && { responseCode }),
  }
}
