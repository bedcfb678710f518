/** The race for the one setup link, the same on every engine. */
import assert from 'node:assert/strict'
import type { TestServer } from './server.ts'

const USES = 100

export function setupToken({ app }: Pick<TestServer, 'app'>): string {
  return app.setupLink?.split('/').at(-1) ?? assert.fail('the start has given no setup link')
}

/** Everybody who is an administrator, by username. */
export async function administrators({ deps }: Pick<TestServer, 'deps'>): Promise<readonly string[]> {
  const filters = { search: null, role: 'admin', status: null, verified: null } as const
  const order = { sort: 'created_at', descending: false, limit: 100, from: null } as const
  const { items } = await deps.store.listUsers({ ...filters, ...order })
  return items.map(({ username }) => username)
}

/** Sends the forms of so many people at once, shared out among servers of one store, and sees one of them win. */
export async function raceForSetup(servers: readonly TestServer[]): Promise<void> {
  const [first] = servers
  assert.ok(first)
  const attempts = Array.from({ length: USES }, (_, index) => {
    const server = servers[index % servers.length] ?? first
    const username = `racer-${index}`
    const form = { token: setupToken(server), username, email: `${username}@example.com` }
    const password = 'nine quiet harbour lamps'
    return server.client.send('POST', '/account/setup', { form: { ...form, password } })
  })
  const answers = await Promise.all(attempts)
  const won = answers.flatMap(({ status }, index) => (status === 200 ? [`racer-${index}`] : []))
  assert.equal(won.length, 1)
  assert.deepEqual(await administrators(first), won)
  for (const { status, text } of answers.filter((answer) => answer.status !== 200)) {
    // On a busy machine the hash queue sends some away before their turn.
    if (status !== 503) assert.match(text, /<h1>There is an administrator already<\/h1>/)
  }
  for (const [index] of attempts.entries()) {
    const user = await first.deps.store.findUserByIdentifier({ key: `u:racer-${index}` })
    assert.equal(user !== null, won.includes(`racer-${index}`), `racer-${index}`)
  }
}
