import type { TestContext } from 'node:test'
import type { Store } from '../../src/domain/ports/store.ts'
import type { TestClock } from '../support/store-fixtures.ts'

/** A store for one test. */
export interface OpenedStore {
  /** The first of `clients`, for what needs no race. */
  readonly store: Store
  /** Every client of the same data: one where an engine has one owner, two or more elsewhere. Races use them all. */
  readonly clients: readonly Store[]
  readonly clock: TestClock
}

/** What an adapter brings to run the contract: fresh, empty stores that are closed and erased with the test. */
export interface Harness {
  readonly engine: string
  /** How much of the random sequences an engine plays in a normal run, where each step goes over the network; else all. */
  readonly share?: number
  open(t: TestContext): Promise<OpenedStore>
}

/** Runs so many calls at the same time, spread over the clients. */
export async function race<Result>(
  clients: readonly Store[],
  count: number,
  call: (store: Store, index: number) => Promise<Result>,
): Promise<Result[]> {
  const calls = Array.from({ length: count }, (_, index) => {
    const store = clients[index % clients.length]
    if (!store) throw new Error('a harness needs a client')
    return call(store, index)
  })
  return Promise.all(calls)
}
