import assert from 'node:assert/strict'
import type { Static } from 'typebox'
import type { inboxSchema } from '../../src/http/answers.ts'
import type { Client } from './client.ts'

export type Mail = Static<typeof inboxSchema>['messages'][number]

export interface MailQuery {
  readonly to?: string
  readonly kind?: string
  readonly after?: string
}

export interface Mailbox {
  /** The newest matching mail, once there is one. */
  wait(query: MailQuery): Promise<Mail>
  /** The token in the newest matching mail. */
  token(query: MailQuery): Promise<string>
  /** Everything that has arrived, the newest first. */
  list(query?: MailQuery): Promise<readonly Mail[]>
}

const WAIT_SECONDS = '10'

/** The built-in inbox of the server, read as a developer's scripts read it. */
export function createMailbox(client: Client): Mailbox {
  async function messages(query: Record<string, string>): Promise<readonly Mail[]> {
    const answer = await client.send('GET', `/dev/mail/messages?${new URLSearchParams(query).toString()}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json<Static<typeof inboxSchema>>().messages
  }
  async function wait(query: MailQuery): Promise<Mail> {
    const [newest] = await messages({ ...query, wait: WAIT_SECONDS })
    return newest ?? assert.fail(`no mail came: ${JSON.stringify(query)}`)
  }
  return {
    wait,
    token: async (query) => (await wait(query)).tokens[0] ?? assert.fail('the mail has no token'),
    list: (query = {}) => messages({ ...query }),
  }
}
