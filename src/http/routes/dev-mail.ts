import { DomainError } from '../../domain/errors.ts'
import type { Inbox, InboxMessage } from '../../domain/ports/inbox.ts'
import { inboxPage } from '../../web/inbox-page.ts'
import { htmlPage, route, type Surroundings } from '../route.ts'
import { inboxSchema } from '../answers.ts'
import { inboxQuery } from '../requests.ts'
import { timestamp } from '../wire.ts'

const pageRoute = route({
  method: 'GET',
  path: '/dev/mail',
  operationId: 'devMailPage',
  tag: 'Development',
  summary: 'The built-in inbox',
  description: 'Only in development, and only from this machine.',
  access: 'public',
  local: 'development',
  page: 'reference',
  responses: { 200: htmlPage('The mails, the newest first') },
  errors: ['not_found'],
  async handle({ surroundings, deps }) {
    const messages = await inboxOf(surroundings).list({})
    return { status: 200, body: inboxPage({ messages }, deps.rules) }
  },
})

const messagesRoute = route({
  method: 'GET',
  path: '/dev/mail/messages',
  operationId: 'devMailMessages',
  tag: 'Development',
  summary: 'The built-in inbox, for programs',
  description:
    'With wait it answers as soon as a matching message newer than after is there (any match without ' +
    'after), else with an empty list when the time is up.',
  access: 'public',
  local: 'development',
  patient: true,
  query: inboxQuery,
  responses: { 200: { description: 'The matching mails, the newest first', schema: inboxSchema } },
  errors: ['not_found'],
  async handle({ query, caller, surroundings }) {
    const inbox = inboxOf(surroundings)
    const filter = { to: query.to, kind: query.kind, after: query.after }
    const ends = [surroundings.stopping, ...(caller.gone ? [caller.gone] : [])]
    const waitMs = Number(query.wait ?? 0) * 1000
    const messages =
      waitMs > 0 ? await inbox.wait(filter, waitMs, AbortSignal.any(ends)) : await inbox.list(filter)
    return { status: 200, body: { messages: messages.map(wireMessage) } }
  },
})

function inboxOf(surroundings: Surroundings): Inbox {
  if (!surroundings.inbox) throw new DomainError('not_found')
  return surroundings.inbox
}

function wireMessage({ sentAt, links, tokens, ...message }: InboxMessage) {
  return { ...message, sent_at: timestamp(sentAt), links: [...links], tokens: [...tokens] }
}

export const devMailRoutes = [pageRoute, messagesRoute]
