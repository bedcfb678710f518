/** The built-in inbox of development: mails, sealed, in the store, so that every node shows the same ones. */
import { http, queues } from '../domain/limits.ts'
import type { Secrets } from '../domain/ports/crypto.ts'
import type { Inbox, InboxMessage, InboxQuery } from '../domain/ports/inbox.ts'
import type { MailKind, MailTransport } from '../domain/ports/mailer.ts'
import type { Clock } from '../domain/ports/runtime.ts'
import type { SealedInboxMessage } from '../domain/ports/records.ts'
import type { Store } from '../domain/ports/store.ts'

export interface InboxParts {
  readonly store: Pick<Store, 'putInboxMessage' | 'listInboxMessages'>
  readonly secrets: Pick<Secrets, 'seal' | 'open'>
  readonly clock: Clock
  readonly publicUrl: string
}

/** What is sealed; the links are taken from the text as it is read. */
type Sealed = Pick<InboxMessage, 'kind' | 'to' | 'subject' | 'text' | 'html'>

/**
 * The inbox as a way out for mail and as a place to read it. A message keeps the id of its outbox row.
 * `wait` looks every `http.inboxPollMs`, and at once when this process has put a message in.
 */
export function createInbox(parts: InboxParts): MailTransport & Inbox {
  const { store, secrets, clock, publicUrl } = parts
  const waiting = new Set<() => void>()
  const closing = new AbortController()

  async function list(query: InboxQuery): Promise<readonly InboxMessage[]> {
    const rows = await store.listInboxMessages({ after: query.after, limit: queues.inboxMessages })
    const messages = rows.flatMap((row) => opened(row, secrets, publicUrl) ?? [])
    return messages.filter((message) => matches(message, query))
  }

  async function newestId(): Promise<string | null> {
    return (await store.listInboxMessages({ limit: 1 })).at(0)?.id ?? null
  }

  return {
    async send({ id, userId, kind, to, subject, text, html }) {
      const content: Sealed = { kind, to, subject, text, html }
      const sealed = secrets.seal('inbox', id, JSON.stringify(content))
      await store.putInboxMessage({ id, userId, sealed, sentAt: clock.now() }, queues.inboxMessages)
      for (const wake of waiting) wake()
    },
    async close() {
      closing.abort()
    },
    list,
    async wait(query, waitMs, gone) {
      const end = AbortSignal.any([AbortSignal.timeout(waitMs), closing.signal, ...(gone ? [gone] : [])])
      let seen: string | null | undefined
      for (;;) {
        const over = end.aborted
        const newest = await newestId()
        const found = over || newest !== seen ? await list(query) : []
        if (found.length > 0 || over) return found
        const woken = await pause(waiting, end)
        seen = woken ? undefined : newest
      }
    },
  }
}

/** Resolves after the polling time, or at the end, or (then true) when a message has been put in. */
function pause(waiting: Set<() => void>, end: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const wake = () => resolve(true)
  const sleepOn = () => resolve(false)
  const timer = setTimeout(sleepOn, http.inboxPollMs)
  waiting.add(wake)
  end.addEventListener('abort', sleepOn)
  return promise.finally(() => {
    clearTimeout(timer)
    waiting.delete(wake)
    end.removeEventListener('abort', sleepOn)
  })
}

function matches(message: InboxMessage, query: InboxQuery): boolean {
  if (query.kind !== undefined && message.kind !== query.kind) return false
  return query.to === undefined || message.to.toLowerCase() === query.to.toLowerCase()
}

/** Null for a message that another key has sealed. */
function opened(
  row: SealedInboxMessage,
  secrets: Pick<Secrets, 'open'>,
  publicUrl: string,
): InboxMessage | null {
  const plain = secrets.open('inbox', row.id, row.sealed)
  const content = plain === null ? null : readSealed(JSON.parse(plain))
  if (!content) return null
  const links = linksIn(content.text)
  const tokens = links.flatMap((link) => tokenIn(link, publicUrl) ?? [])
  return { id: row.id, sentAt: row.sentAt, ...content, links, tokens }
}

function readSealed(value: unknown): Sealed | null {
  if (typeof value !== 'object' || value === null) return null
  const { kind, to, subject, text, html }: Partial<Record<keyof Sealed, unknown>> = value
  if (!isKind(kind) || typeof to !== 'string' || typeof subject !== 'string') return null
  if (typeof text !== 'string' || typeof html !== 'string') return null
  return { kind, to, subject, text, html }
}

const kinds: Readonly<Record<MailKind, true>> = {
  verify_email: true,
  reset_password: true,
  set_password: true,
  change_email: true,
  email_changed: true,
  password_changed: true,
  address_taken: true,
  new_device: true,
  session_theft: true,
}

function isKind(value: unknown): value is MailKind {
  return typeof value === 'string' && Object.hasOwn(kinds, value)
}

/** The web addresses in a text, each once, without the punctuation that ends a sentence. */
function linksIn(text: string): readonly string[] {
  const found = text.match(/https?:\/\/[^\s<>"]+/g) ?? []
  return [...new Set(found.map((link) => link.replace(/[.,;:!?)\]]+$/, '')))]
}

/** The last path segment of a link of ours that carries a token. */
function tokenIn(link: string, publicUrl: string): string | null {
  return link.startsWith(`${publicUrl}/users/`) ? (link.split('/').at(-1) ?? null) : null
}
