/** What a store sends to MongoDB, as the driver's command events show it. */
import type { CommandStartedEvent, Document } from 'mongodb'

export interface SentCommand {
  /** Such as `find`, `update`, `commitTransaction`. */
  readonly name: string
  /** Null for commands that name no collection. */
  readonly collection: string | null
  readonly command: Document
}

export function readCommand({ commandName: name, command }: CommandStartedEvent): SentCommand {
  const target: unknown = name === 'getMore' ? command['collection'] : command[name]
  return { name, collection: typeof target === 'string' ? target : null, command }
}
