import { readFileSync } from 'node:fs'
import { loadConfig } from '../config.ts'
import type { Difference } from '../domain/copy-store.ts'
import { environmentWith } from './environment.ts'
import { commandError } from './exit-codes.ts'
import { valueOf, type Invocation } from './invocation.ts'
import { createProgress, type Progress } from './progress.ts'

/** Moves a whole installation between two stores, while no server works on either. */
export async function copyStore(invocation: Invocation): Promise<void> {
  const { options, output } = invocation
  const [from, to] = [urlOf(invocation, 'from'), urlOf(invocation, 'to')]
  const config = loadConfig(environmentWith(options.envFile))
  const { copyBetween } = await import('../copy-store.ts')
  const began = performance.now()
  const progress = createPhases()
  const outcome = await copyBetween(config, { from, to, reached: progress.reached }).finally(progress.end)
  switch (outcome.kind) {
    case 'copied': {
      const { records, sha256 } = outcome
      const seconds = Math.max(0.001, (performance.now() - began) / 1000)
      const rate = Math.round(records / seconds)
      output.record({ records, seconds: Number(seconds.toFixed(3)), records_per_second: rate, sha256 })
      output.say('Both stores hold the same. Point UM_DATABASE_URL at the new one, then start the server.')
      return
    }
    case 'different':
      throw commandError('failed', ...differenceLines(outcome.kinds))
    case 'not_empty':
      throw commandError(
        'failed',
        'The store of --to is not empty: name another database, or erase this one.',
      )
    case 'other_source':
      throw commandError(
        'failed',
        'The store of --to is an unfinished copy of another store: name the one that it was begun from, ' +
          'as it was named then, or erase the copy.',
      )
  }
}

/** From the option, or from a file: everybody on the machine sees the words of a command. */
function urlOf(invocation: Invocation, side: 'from' | 'to'): string {
  const url = valueOf(invocation, side)
  if (url !== null) return url
  const file = valueOf(invocation, `${side}File`)
  if (file === null)
    throw commandError('usage', `error: one of '--${side} <url>' and '--${side}-file <file>' is needed`)
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw commandError('configuration', `The file ${file} of --${side}-file cannot be read.`)
  }
}

/** A line of progress for copying, and one for the check behind it. */
function createPhases(): { reached(phase: string, done: number, total: number): void; end(): void } {
  let current: { readonly phase: string; readonly progress: Progress } | null = null
  return {
    reached(phase, done, total) {
      if (current?.phase !== phase) {
        current?.progress.end()
        const of = phase === 'copy' ? 'records copied' : 'records checked'
        current = { phase, progress: createProgress({ of, total }) }
      }
      current.progress.reached(done)
    },
    end: () => current?.progress.end(),
  }
}

function differenceLines(kinds: readonly Difference[]): readonly string[] {
  return [
    'The two stores do not hold the same:',
    ...kinds.map(({ kind, source, target }) => `  ${kind}: ${source} in --from, ${target} in --to`),
    'The source has changed meanwhile: stop every server that works on it and run the command again. ' +
      'Where that does not help, erase the store of --to first.',
  ]
}
