/** What a store sends to MongoDB, as the driver's command events show it. */
import type { CommandStartedEvent, Document } from 'mongodb'
import { plans } from '../../src/store/mongodb/schema.ts'

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

/** Looks at every command to a collection with a shard key. */
export interface ShardKeyWatch {
  see(event: CommandStartedEvent): void
  /** How many carried equality or `$in` on the key. */
  targeted(): number
  /** How often each named exception occurred. */
  readonly exceptions: ReadonlyMap<string, number>
  /** What carried no key and is no exception: command, collection and the fields of the filter. */
  readonly violations: ReadonlySet<string>
}

const shardKeys = new Map<string, string>(
  plans.flatMap(({ name, shardKey }) => (shardKey ? Object.keys(shardKey).map((key) => [name, key]) : [])),
)

/** What may ask every shard: rare, or a poll of what is due; by collection, name and fields of the filter. */
const exceptions: readonly (readonly [name: string, fits: RegExp])[] = [
  ['outbox poll', /^find sorted (?:outbox due|tokens mail\.due)$/],
  ['outbox poll', /^find tokens mail\.id,mail\.due$/],
  ['sweep', /^find \w+ purgeAt$/],
  ['tokens by user', /^(?:find(?: sorted)?|update|delete) tokens userId(?:,usedAt|,mail)?$/],
  [
    'what a user has (deletion, export)',
    /^(?:find(?: sorted)?|delete) (?:outbox|inbox|audit) (?:actorId,)?userId$/,
  ],
  ['administrative lists', /^delete inbox _id$/],
  ['administrative lists', /^find sorted audit (?:(?:userId|actorId),?)?(?:_id)?$/],
  ['administrative lists', /^find users (?:roles|status|emailVerified)$/],
  ['administrative search', /^find identifiers _id$/],
  ['sweep', /^find users status,createdAt(?:,passwordHash)?$/],
  ['backlog', /^(?:find sorted|aggregate) (?:outbox due|tokens mail\.due)$/],
  ['lists and checks along the ids', /^find sorted \w+ (?:_id)?$/],
  ['the end of everything', /^find (?:sessions|tokens|outbox) $/],
  ['check of everything', /^aggregate users roles,status,passwordHash$/],
]

export function createShardKeyWatch(): ShardKeyWatch {
  let targeted = 0
  const seen = new Map<string, number>()
  const violations = new Set<string>()
  const look = (sent: SentCommand, key: string, filter: Document): void => {
    if (isTargeted(filter[key])) {
      targeted += 1
      return
    }
    const name = 'sort' in sent.command ? `${sent.name} sorted` : sent.name
    const what = `${name} ${sent.collection} ${Object.keys(filter).join(',')}`
    const exception = exceptions.find(([, fits]) => fits.test(what))
    if (exception) seen.set(exception[0], (seen.get(exception[0]) ?? 0) + 1)
    else violations.add(what)
  }
  return {
    see: (event) => {
      const sent = readCommand(event)
      const key = sent.collection === null ? undefined : shardKeys.get(sent.collection)
      if (key === undefined) return
      for (const filter of filtersOf(sent)) look(sent, key, filter)
    },
    targeted: () => targeted,
    exceptions: seen,
    violations,
  }
}

/** What each statement of a command looks for; a document that is inserted bears its own key. */
function filtersOf({ name, command }: SentCommand): readonly Document[] {
  switch (name) {
    case 'find':
      return [command['filter'] ?? {}]
    case 'findAndModify':
      return [command['query'] ?? {}]
    case 'aggregate':
      return [listOf(command['pipeline'])[0]?.['$match'] ?? {}]
    case 'update':
      return listOf(command['updates']).map((each) => each['q'])
    case 'delete':
      return listOf(command['deletes']).map((each) => each['q'])
    case 'insert':
      return listOf(command['documents'])
    case 'getMore':
    case 'killCursors':
    // Of a whole collection, from what is known of it without a look.
    case 'count':
    case 'create':
    case 'createIndexes':
    case 'listIndexes':
    case 'collMod':
      return []
    default:
      return [{ [`unknown command ${name}`]: true }]
  }
}

function listOf(value: unknown): readonly Document[] {
  return Array.isArray(value) ? value : []
}

/** Equality or `$in`: neither nothing nor an object of other operators. */
function isTargeted(value: unknown): boolean {
  if (value === undefined || value === null) return false
  const operators = Object.keys(value).filter((name) => name.startsWith('$'))
  return typeof value !== 'object' || operators.length === 0 || '$in' in value
}
