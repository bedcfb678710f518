import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../src/store/open-store.ts'
import type { Harness } from '../contracts/harness.ts'
import { newKeptLog, newTestClock } from './store-fixtures.ts'

/** One owner process and one client: a second one is refused, which is a test of its own. */
export const sqliteHarness: Harness = {
  engine: 'SQLite',
  open: async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'um-store-'))
    const clock = newTestClock()
    const store = await openStore({ url: 'sqlite:users.db', dataDir, clock, log: newKeptLog() })
    t.after(async () => {
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    })
    return { store, clients: [store], clock }
  },
}
