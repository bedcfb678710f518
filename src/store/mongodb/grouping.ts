/**
 * Concurrent writes of a kind share one command. A lone one is sent at once, alone; while commands are on
 * their way others gather, so that groups grow with the load and nobody waits for a timer. Of one document a
 * group holds one operation at most, and operations on one document follow each other: the answer of 6.0
 * only counts, and which items it counted is read back by an operation's id.
 */
import { mongodb as limits, queues } from '../../domain/limits.ts'
import { busy } from './failures.ts'

export interface Group<Item, Result> {
  /** Throws `overloaded` where too many wait. */
  write(item: Item): Promise<Result>
}

/** What became of one item of a group. */
export type Verdict<Result> = { readonly result: Result } | { readonly error: unknown }

interface Kind<Item, Result> {
  /** The document that an item writes to. */
  readonly keyOf: (item: Item) => string
  readonly one: (item: Item) => Promise<Result>
  /** A verdict for each item, in their order; throws where the command as a whole has failed. */
  readonly many: (items: readonly Item[]) => Promise<readonly Verdict<Result>[]>
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly key: string
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

export function createGroup<Item, Result>(kind: Kind<Item, Result>): Group<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  const busyKeys = new Set<string>()
  let commands = 0
  let scheduled = false

  /** The oldest that are not in each other's way; the others keep their place. */
  const takeGroup = (): Waiting<Item, Result>[] => {
    const taken: Waiting<Item, Result>[] = []
    const left: Waiting<Item, Result>[] = []
    for (const request of waiting) {
      if (taken.length >= limits.documentsPerWrite || busyKeys.has(request.key)) left.push(request)
      else {
        taken.push(request)
        busyKeys.add(request.key)
      }
    }
    waiting = left
    return taken
  }
  const flush = (): void => {
    scheduled = false
    while (commands < limits.writeCommandsAtOnce && waiting.length > 0) {
      const group = takeGroup()
      if (group.length === 0) return
      commands += 1
      void send(group, kind).finally(() => {
        commands -= 1
        for (const { key } of group) busyKeys.delete(key)
        schedule()
      })
    }
  }
  const schedule = (): void => {
    if (scheduled || waiting.length === 0) return
    scheduled = true
    setImmediate(flush)
  }
  return {
    write: (item) =>
      new Promise<Result>((resolve, reject) => {
        if (waiting.length >= queues.writesWaiting) {
          reject(busy())
          return
        }
        waiting.push({ item, key: kind.keyOf(item), resolve, reject })
        schedule()
      }),
  }
}

/** Answers every request of a group, once. */
async function send<Item, Result>(
  group: readonly Waiting<Item, Result>[],
  { one, many }: Kind<Item, Result>,
): Promise<void> {
  const [first] = group
  try {
    if (!first) return
    const alone = group.length === 1
    const verdicts = alone ? [{ result: await one(first.item) }] : await many(group.map(({ item }) => item))
    for (const [place, { resolve, reject }] of group.entries()) {
      const verdict = verdicts[place] ?? { error: new Error('A group has left out an item.') }
      if ('error' in verdict) reject(verdict.error)
      else resolve(verdict.result)
    }
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
}
