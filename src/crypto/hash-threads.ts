import type { Piscina } from 'piscina'

import { crypto } from '../domain/limits.ts'
import type { Log } from '../domain/ports/runtime.ts'
import type { HashResult, HashTask } from './hash-worker.ts'

/** Where hashes are computed: the threads, or in tests a function that counts. */
export interface Hasher {
  readonly threads: number
  compute(task: HashTask): Promise<HashResult>
  close(): Promise<void>
}

/** The worker beside this file, with the same extension (`.ts`, or `.js` in the published package). */
const WORKER_URL = new URL(
  `./hash-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
)

/**
 * Hash threads, at most one a core, started on demand. One is kept, so that a lone login costs a hash (8 ms)
 * and not the start of a thread (another 35 to 50 ms). A thread costs 11 to 14 MB.
 */
export function createHashThreads(options: { readonly log: Log; readonly threads: number }): Hasher {
  const { log, threads } = options
  let pool: Promise<Piscina<HashTask, HashResult>> | undefined
  let engineTold = false

  async function start(): Promise<Piscina<HashTask, HashResult>> {
    // Loaded here and not above: 10 ms that the start of the server needn't wait for.
    const { Piscina } = await import('piscina')
    const filename = WORKER_URL.href
    const started = new Piscina<HashTask, HashResult>({
      filename,
      name: 'computeHash',
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: crypto.hashThreadIdleMs,
      recordTiming: false,
    })
    started.on('error', (cause) => log.error({}, 'a password hash thread failed', cause))
    return started
  }

  const started = (): Promise<Piscina<HashTask, HashResult>> => (pool ??= start())
  const warmUp = setTimeout(() => void started(), crypto.hashThreadWarmUpMs).unref()

  function tellEngine(engine: HashResult['engine']): void {
    engineTold = true
    if (engine === 'node-rs') log.info({ engine, threads }, 'passwords are hashed by @node-rs/argon2')
    else
      log.warn({ engine, threads }, '@node-rs/argon2 did not load: a hash takes 2.4 times the processor time')
  }

  return {
    threads,
    async compute(task) {
      const result = await (await started()).run(task)
      if (!engineTold) tellEngine(result.engine)
      return result
    },
    async close() {
      clearTimeout(warmUp)
      await (await pool)?.close()
    },
  }
}
