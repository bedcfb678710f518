import type { Id, JsonObject } from '../../domain/ports/runtime.ts'
import type { Exported } from '../../domain/ports/records.ts'
import type { Database } from './connection.ts'
import { beforeAll, exportPage, registry, type Holding, type PageKey } from './registry.ts'
import { userExists } from './user-rows.ts'

/** Runs one read on the reading connection. */
type Read = <Result>(from: (db: Database) => Result) => Promise<Result>

/** See `Store.exportUser`. Page by page, so that a long history does not hold up the thread. */
export async function exportUser(read: Read, userId: Id): Promise<Exported | null> {
  if (!(await read((db) => userExists(db, userId)))) return null
  const exported: Record<string, readonly JsonObject[]> = {}
  for (const holding of registry) exported[holding.name] = await exportHolding(read, holding, userId)
  return exported
}

async function exportHolding(read: Read, holding: Holding, userId: Id): Promise<readonly JsonObject[]> {
  const rows: JsonObject[] = []
  for (const sql of holding.pages) {
    let after: PageKey | null = beforeAll(holding)
    while (after !== null) {
      const query: Parameters<typeof exportPage>[2] = { holding, userId, after }
      const page: ReturnType<typeof exportPage> = await read((db) => exportPage(db, sql, query))
      rows.push(...page.rows)
      after = page.next
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return rows
}
