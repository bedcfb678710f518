/** Copies of the database beside a server that works; see `Store.backUp`. */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import type { BackupData, BackupReply } from './backup-thread.ts'
import { createPrivateFile, syncFolder } from './data-file.ts'

export interface Backups {
  readonly backUp: Store['backUp']
  /** Ends the one that is being written; nothing is left of it. */
  stop(): Promise<void>
}

type Outcome = Awaited<ReturnType<Store['backUp']>>

/** Writes one at a time. A copy bears its name only once it is whole, checked and durable. */
export function createBackups({ path: from, clock }: { path: string; clock: Clock }): Backups {
  let running: Promise<Outcome> | null = null
  let thread: Worker | null = null
  const write = async (to: string): Promise<Outcome> => {
    const partial = `${to}.partial`
    const at = clock.now()
    try {
      rmSync(partial, { force: true })
      createPrivateFile(partial)
      const data: BackupData = { from, to: partial, at }
      thread = new Worker(new URL('./backup-thread.ts', import.meta.url), { workerData: data })
      const reply = await replyOf(thread)
      if ('reason' in reply) return refused(reply.reason)
      giveName(partial, to)
      syncFolder(dirname(to))
      return { kind: 'written', at, ...reply }
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      if (code === 'EEXIST') return refused(`There is a file ${to} already.`)
      return refused(`The file ${to} cannot be made (${code}).`)
    } finally {
      thread = null
      rmSync(partial, { force: true })
    }
  }
  return {
    backUp: async ({ path: to }) => {
      if (running) return refused('Another backup is being written: wait until it has ended.')
      if (existsSync(to)) return refused(`There is a file ${to} already.`)
      running = write(to)
      return running.finally(() => {
        running = null
      })
    },
    stop: async () => {
      await thread?.terminate()
      await running
    },
  }
}

function refused(reason: string): Outcome {
  return { kind: 'refused', reason }
}

async function replyOf(thread: Worker): Promise<BackupReply> {
  return new Promise((resolve, reject) => {
    thread.once('message', (reply: BackupReply) => resolve(reply))
    thread.once('error', reject)
    thread.once('exit', () => resolve({ reason: 'The server stopped before the backup was whole.' }))
  })
}

/** A link is refused where the name is taken meanwhile; a file system without links has no such thing. */
function giveName(partial: string, to: string): void {
  try {
    linkSync(partial, to)
  } catch (error) {
    if (existsSync(to)) throw error
    renameSync(partial, to)
  }
}
