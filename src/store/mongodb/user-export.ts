import { mongodb as limits } from '../../domain/limits.ts'
import type { Exported } from '../../domain/ports/records.ts'
import type { Id, JsonObject } from '../../domain/ports/runtime.ts'
import { bounded, type Connection, type InSession } from './connection.ts'
import { exportedRow, registry } from './registry.ts'
import { readUser } from './user-documents.ts'

/** See `Store.exportUser`. Page by page in one causal session; each page is bounded, the whole is not. */
export async function exportUser(
  { client, collections }: Connection,
  { userId }: { readonly userId: Id },
): Promise<Exported | null> {
  const session = client.startSession({ causalConsistency: true })
  const within: InSession = { session, ...bounded }
  try {
    const stored = await readUser(collections, userId, within)
    if (!stored) return null
    const exported: Record<string, readonly JsonObject[]> = {}
    for (const holding of registry) {
      const rows: JsonObject[] = []
      for (const place of holding.places) {
        const page = { ...within, batchSize: limits.exportPageDocuments }
        const found = collections[place.collection].find(place.filter(stored), page).sort({ _id: 1 })
        for await (const doc of found) rows.push(exportedRow(doc, holding, place.within))
      }
      exported[holding.name] = rows
    }
    return exported
  } finally {
    await session.endSession()
  }
}
