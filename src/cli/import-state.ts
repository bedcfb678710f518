/** How far an import has come: kept in the data folder, so that one that was killed goes on from there. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { commandError } from './exit-codes.ts'
import { replaceFile } from './private-file.ts'
import { rowOf } from './with-control.ts'

/** Nothing of it is about a person. */
export interface ImportState {
  /** Rows of the files that are done, in their order. */
  readonly rows: number
  readonly counts: ImportCounts
  /** How long the files were that were written beside: what is behind that is done again. */
  readonly rejectsBytes: number
  readonly idMapBytes: number
}

export interface ImportCounts {
  imported: number
  repeated: number
  rejected: number
  /** Imported without their password, since its hash can't be verified here. */
  withoutPassword: number
  readonly rejectedBy: Record<string, number>
  readonly leftBehind: Record<string, number>
}

export interface StateFile {
  /** Where to begin. */
  readonly begin: ImportState
  save(state: ImportState): void
  /** The import is done. */
  remove(): void
}

const nowhere: StateFile['save'] = () => undefined

/** A new one each time, since it is counted up. */
function beginning(): ImportState {
  const counts = { imported: 0, repeated: 0, rejected: 0, withoutPassword: 0, rejectedBy: {}, leftBehind: {} }
  return { rows: 0, counts, rejectsBytes: 0, idMapBytes: 0 }
}

/** For what leaves nothing behind: a trial, or standard input. */
export function noState(): StateFile {
  return { begin: beginning(), save: nowhere, remove: () => undefined }
}

/**
 * The state of importing these files into this database. One that was cut off is only taken up where that is
 * asked for, and only while the files are the same.
 */
export function openState(
  files: readonly string[],
  { resume, format, config }: { readonly resume: boolean; readonly format: string; readonly config: Config },
): StateFile {
  const paths = files.map((file) => resolve(file))
  const key = JSON.stringify([paths, format, config.databaseUrl])
  const name = `import-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`
  const path = join(resolve(config.dataDir), name)
  const present = JSON.stringify(paths.map((file) => traitsOf(file)))
  const found = existsSync(path) ? rowOf(JSON.parse(readFileSync(path, 'utf8'))) : null
  if (found && !resume) {
    const ways = `add --resume to go on, or delete ${path} to begin anew`
    throw commandError('usage', `error: an import of these files was cut off; ${ways}.`)
  }
  if (found && found['files'] !== present) {
    const remedy = `delete ${path} and import them anew: nobody is imported twice`
    throw commandError('usage', `error: the files have changed since the import was cut off; ${remedy}.`)
  }
  return {
    begin: found ? stateOf(found) : beginning(),
    save: (state) => replaceFile(path, JSON.stringify({ files: present, ...state })),
    remove: () => rmSync(path, { force: true }),
  }
}

function traitsOf(file: string): readonly [size: number, changedAt: number] {
  const { size, mtimeMs } = statSync(file)
  return [size, mtimeMs]
}

function stateOf(found: Readonly<Record<string, unknown>>): ImportState {
  const counts = rowOf(found['counts'])
  const all = (name: string) =>
    Object.fromEntries(Object.entries(rowOf(counts[name])).map(([key, count]) => [key, Number(count)]))
  return {
    rows: Number(found['rows']),
    rejectsBytes: Number(found['rejectsBytes']),
    idMapBytes: Number(found['idMapBytes']),
    counts: {
      imported: Number(counts['imported']),
      repeated: Number(counts['repeated']),
      rejected: Number(counts['rejected']),
      withoutPassword: Number(counts['withoutPassword']),
      rejectedBy: all('rejectedBy'),
      leftBehind: all('leftBehind'),
    },
  }
}
