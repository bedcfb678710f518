/**
 * A process that is going to be killed: registers users and deletes every fifth one, and writes a line to standard
 * output for each step that was acknowledged. `node store-crash-child.ts <folder>`.
 */
import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/open-store.ts'
import { hashOfId, newKeptLog, newMail, newTrail, newUser } from './store-fixtures.ts'

const [dataDir = ''] = process.argv.slice(2)
const clock = { now: () => Date.now() }

/** The ledger: what stands here was acknowledged. */
function acknowledge(line: string): void {
  writeSync(1, `${line}\n`)
}

const store = await openStore({ dataDir, clock, log: newKeptLog() })
acknowledge('open')
let lastId = ''
try {
  const caller = async (): Promise<never> => {
    for (let n = 1; ; n += 1) {
      const user = newUser()
      await store.createUser({ user }, newTrail(user.id, newMail(user.id)))
      acknowledge(`created ${user.id}`)
      lastId = user.id
      if (n % 5 > 0) continue
      acknowledge(`deleting ${user.id}`)
      const deletion = { userId: user.id, expectEpoch: 1, idHash: hashOfId(user.id), now: clock.now() }
      await store.deleteUser(deletion, newTrail(user.id))
      acknowledge(`deleted ${user.id}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, caller))
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  acknowledge(`failed ${code}`)
  // A little room may be left: each probe takes some of it.
  let probes = 100
  while ((await store.health()).writable && probes > 0) probes -= 1
  acknowledge(`writable ${probes === 0}`)
  acknowledge(`readable ${(await store.findUser({ id: lastId })) !== null}`)
  process.exit(1)
}
