/** `kill -9` under load, again and again: whatever was acknowledged holds, and nothing is half done. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { live, momentIn, newLedger, randomFrom, settle, type Ledger } from '../support/ledger.ts'
import { clientOf, patient, type Client } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder, within } from '../support/process.ts'
import { rounds } from '../support/store-fixtures.ts'
import { addSummary } from '../support/summary.ts'

const kills = rounds(200)
const accounts = 12
/** The kill comes between these, after the load has begun. */
const [earliestMs, latestMs] = [50, 900]
const seed = Number(process.env['UM_TEST_SEED'] ?? Math.floor(Math.random() * 1e9))

/** What no database may ever hold: half a user, a claim of nobody, a row of nobody. */
const halves = {
  'a claim without its user':
    'SELECT count(*) AS n FROM identifiers WHERE user_id NOT IN (SELECT id FROM users)',
  'a user without its two claims': `SELECT count(*) AS n FROM users WHERE 2 <> (
    SELECT count(*) FROM identifiers WHERE user_id = users.id AND substr(key, 1, 2) IN ('e:', 'u:'))`,
  'a user that was registered without its event': `SELECT count(*) AS n FROM users WHERE 1 <> (
    SELECT count(*) FROM audit_events WHERE user_id = users.id AND action = 'register')`,
  'a session without its user':
    'SELECT count(*) AS n FROM sessions WHERE user_id NOT IN (SELECT id FROM users)',
  'a mail without its user':
    'SELECT count(*) AS n FROM outgoing_mails WHERE user_id NOT IN (SELECT id FROM users)',
  'an event of a deletion whose user is there': `SELECT count(*) AS n FROM audit_events
    WHERE action = 'delete-account' AND user_id IN (SELECT id FROM users)`,
  'a broken reference': 'SELECT count(*) AS n FROM pragma_foreign_key_check',
  damage: "SELECT count(*) AS n FROM pragma_quick_check WHERE quick_check <> 'ok'",
}

function halvesIn(db: DatabaseSync): readonly string[] {
  return Object.entries(halves).flatMap(([name, sql]) => {
    const n = Number(db.prepare(sql).get()?.['n'])
    return n === 0 ? [] : [`${n} × ${name}`]
  })
}

/**
 * Every acknowledged request for a link is on its way or has arrived: none was forgotten with the process. Looks at the
 * outbox first, since mails move from there to the inbox.
 */
async function forgottenMails(db: DatabaseSync, ledger: Ledger, call: Client): Promise<readonly string[]> {
  const queued = db.prepare(`SELECT count(*) AS n FROM outgoing_mails JOIN users ON users.id = user_id
    WHERE kind = 'reset_password' AND users.email = ?`)
  const waiting = new Map(ledger.accounts.map(({ email }) => [email, Number(queued.get(email)?.['n'])]))
  const { messages } = (await call('GET /dev/mail/messages?kind=reset_password')).body
  return ledger.accounts.flatMap(({ there, email, resetsAsked, underWay }) => {
    const found = (waiting.get(email) ?? 0) + messages.filter((mail) => mail.to === email).length
    const gone = !there || underWay === 'delete' || found >= resetsAsked
    return gone ? [] : [`${email}: ${resetsAsked} links asked for, ${found} mails`]
  })
}

test(`whatever was acknowledged before a kill -9 holds after it (seed ${seed})`, async (t) => {
  const dataDir = join(temporaryFolder(), 'data')
  // The same port each time: the public URL, which tokens name, is of the port.
  const settings = { UM_PORT: String(await fixedPort()) }
  const launch = { dataDir, how: 'directly', settings } as const
  const random = randomFrom(seed)
  const ledger = newLedger(accounts)
  for (let round = 0; round < kills; round += 1) {
    const server = await startServer(launch)
    t.after(() => server.end('SIGKILL'))
    const call = patient(clientOf(server.url))
    const db = new DatabaseSync(join(dataDir, 'users.db'), { readOnly: true })
    ledger.lost.push(...halvesIn(db), ...(round > 0 ? await forgottenMails(db, ledger, call) : []))
    db.close()
    if (round > 0) await Promise.all(ledger.accounts.map((account) => settle(account, ledger, call)))
    assert.deepEqual(ledger.lost, [], `after kill ${round}, seed ${seed}`)

    const lives = ledger.accounts.map((account) => live(account, ledger, { call, random }))
    await momentIn(earliestMs + random() * (latestMs - earliestMs))
    await server.end('SIGKILL')
    await within(Promise.all(lives), 'the end of the load')
  }
  const server = await startServer(launch)
  t.after(() => server.end('SIGKILL'))
  const call = patient(clientOf(server.url))
  await Promise.all(ledger.accounts.map((account) => settle(account, ledger, call)))
  assert.deepEqual(ledger.lost, [], `after the last kill, seed ${seed}`)
  assert.ok(ledger.acknowledged > kills * accounts, `the load was real: ${ledger.acknowledged} changes`)
  addSummary(
    `crash: ${kills} kills under load, ${ledger.acknowledged} acknowledged changes, ${ledger.lost.length} lost, ` +
      `${ledger.unanswered} under way (each whole or not at all), seed ${seed}`,
  )
})
