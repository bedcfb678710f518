/** Looks at a store's files from outside, and waits for what happens to them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A folder of its own for one test; erased at its end, after what `ending` does. */
export function temporaryFolder(t: TestContext, ending?: () => Promise<void>): string {
  const folder = mkdtempSync(join(tmpdir(), 'um-store-'))
  t.after(async () => {
    await ending?.()
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Resolves once the condition holds; the runner's time limit ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10)
}

/**
 * The names of the files that contain a text. Read by another process: to close a file here would drop the locks that
 * this process has on it.
 */
export function filesWith(folder: string, text: string): string[] {
  const { status, stdout, stderr } = spawnSync('grep', ['-rlaF', text, '.'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status === null || status > 1) throw new Error(`grep failed: ${stderr}`)
  return stdout
    .split('\n')
    .filter((name) => name !== '')
    .map((name) => name.replace(/^\.\//, ''))
    .toSorted()
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** One value of a query on a connection of its own. */
export function valueIn(path: string, sql: string): unknown {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0]
  } finally {
    db.close()
  }
}

/** A child that writes a ledger, line by line. */
export interface LedgerChild {
  readonly process: ChildProcess
  /** What it has written so far. */
  readonly lines: string[]
  /** Resolves once it has written so many lines or has ended. */
  written(count: number): Promise<void>
  /** Resolves when it has ended and everything that it wrote is here. */
  readonly ended: Promise<void>
}

/** Starts the child that registers until it is killed, or until its files may grow no more (in KiB). */
export function startLedgerChild(folder: string, fileLimitKiB?: number): LedgerChild {
  const script = fileURLToPath(new URL('./store-crash-child.ts', import.meta.url))
  const limit = fileLimitKiB === undefined ? '' : `ulimit -f ${fileLimitKiB * 2}; `
  const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const looks = new Set<() => void>()
  reader.on('line', (line) => {
    lines.push(line)
    for (const look of looks) look()
  })
  const ended = Promise.all([once(reader, 'close'), once(child, 'exit')]).then(() => undefined)
  const written = async (count: number): Promise<void> => {
    const enough = new Promise<void>((resolve) => {
      looks.add(() => lines.length >= count && resolve())
    })
    await Promise.race([enough, ended])
  }
  return { process: child, lines, written, ended }
}
