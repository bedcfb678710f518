/** What a server does now and then without being asked; part of the composition root (see `app.ts`). */
import type { Assembled } from './assemble.ts'
import { replayAllDeletions } from './domain/deletion-ledger.ts'
import { isStoreAway } from './domain/errors.ts'
import { backup as limits, store as storeLimits } from './domain/limits.ts'
import { operator } from './domain/policy.ts'

/** Sweeps what has expired, and keeps the file of the deletion ledger in step. The result ends both. */
export function startHousekeeping({ deps, ledgerFile }: Assembled): () => Promise<void> {
  const { store, clock, log } = deps
  const sweep = async (): Promise<void> => {
    try {
      await store.sweep({ now: clock.now() })
    } catch (error) {
      log.warn({ event: 'sweep_failed' }, error instanceof Error ? error.message : 'sweep failed')
    }
  }
  const sweeper = setInterval(() => void sweep(), storeLimits.sweepEveryMs).unref()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let settling: Promise<void> = Promise.resolve()
  const settle = async (): Promise<void> => {
    let nextMs: number = limits.ledgerEveryMs
    try {
      const { isOlder } = await ledgerFile.settle()
      if (isOlder) {
        await deleteAgain(deps)
        await ledgerFile.replayed()
      }
    } catch (error) {
      nextMs = limits.ledgerRetryMs
      if (!isStoreAway(error)) {
        log.error({ event: 'deletion_ledger_behind' }, 'deletions.ndjson is not in step', error)
      }
    }
    if (!stopped) timer = setTimeout(settleOnce, nextMs).unref()
  }
  const settleOnce = (): void => {
    settling = settle()
  }
  settleOnce()
  return async () => {
    stopped = true
    clearInterval(sweeper)
    clearTimeout(timer)
    await settling
  }
}

/** The file knew of deletions that the data do not: these are of an older time, put there by other means. */
async function deleteAgain(deps: Assembled['deps']): Promise<void> {
  const caller = { requestId: deps.ids.next(), userAgent: null }
  const deleted = await replayAllDeletions(operator, caller, deps)
  deps.log.warn(
    { event: 'older_data', users: deleted },
    'the data are older than deletions.ndjson: users who had been deleted since are deleted again',
  )
}
