/** How the methods of the store are put together from reads on this thread and verbs of the writer. */
import type { Store } from '../../domain/ports/store.ts'
import type { Database } from './connection.ts'
import type { VerbInput, VerbName, VerbResult } from './verbs.ts'

export type Read = <Result>(from: (db: Database) => Result) => Promise<Result>
export type Write = <Name extends VerbName>(
  verb: Name,
  ...input: VerbInput<Name>
) => Promise<VerbResult<Name>>
export type Methods<Name extends keyof Store> = Pick<Store, Name>
