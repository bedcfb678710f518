/** Where the setup link goes: to a terminal that somebody looks at, else to a file for the owner alone. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { lifetimes } from '../domain/limits.ts'

const OWNER_ONLY = 0o600
const COMMAND = './bin/user-management.cjs users create <username> <email> --role admin'

export interface SetupPlace {
  readonly dataDir: string
  /** Standard output is a terminal. A log file or a collector is no place for a secret. */
  readonly terminal: boolean
}

/** Puts the link where it belongs, and an earlier one away; says the lines to print, none without a link. */
export function placeSetupLink(link: string | null, { dataDir, terminal }: SetupPlace): readonly string[] {
  const file = join(dataDir, 'setup-link')
  const minutes = lifetimes.setupTokenMs / 60_000
  try {
    if (link === null || terminal) rmSync(file, { force: true })
    else replaceFile(file, `${link}\n`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    if (link === null) return [`The file ${file} cannot be removed (${code}); its link is dead.`]
    return [`No administrator yet, and ${file} cannot be written (${code}). Run:`, `  ${COMMAND}`]
  }
  if (link === null) return []
  const what = terminal ? 'open' : 'open the link in the file'
  const path = relative(process.cwd(), file)
  return [
    `No administrator yet. To make one, within ${minutes} minutes and on this machine, ${what}`,
    `  ${terminal ? link : path.startsWith('..') ? file : path}`,
    `or run ${COMMAND}`,
  ]
}

/** Never half a link, and never readable by others, not even for a moment. */
function replaceFile(file: string, content: string): void {
  const next = `${file}.new`
  rmSync(next, { force: true })
  try {
    writeFileSync(next, content, { mode: OWNER_ONLY, flag: 'wx' })
    renameSync(next, file)
  } finally {
    rmSync(next, { force: true })
  }
}
