import { renameSync } from 'node:fs'
import { recordFields } from '../domain/user-record.ts'
import { commandError } from './exit-codes.ts'
import { isOn, valueOf, type Invocation } from './invocation.ts'
import { openPrivateFile } from './private-file.ts'
import { createProgress } from './progress.ts'
import { rowOf, rowsOf, textOf, withControl } from './with-control.ts'
import type { Row } from './output.ts'

/** Where an export goes. */
interface Target {
  write(text: string): Promise<void>
  /** All of it is there. */
  finish(): void
}

/** Gives out every user, page by page, so that an import anywhere makes the same users of it. */
export async function exportUsers(invocation: Invocation): Promise<void> {
  const { output } = invocation
  const path = valueOf(invocation, 'out')
  const withHashes = !isOn(invocation, 'withoutHashes')
  if (withHashes && path === null && process.stdout.isTTY && !isOn(invocation, 'yes')) {
    const ways = 'add --out <file>, --without-hashes, or --yes to print them'
    throw commandError('usage', `error: password hashes are not for a terminal; ${ways}.`)
  }
  const fields = recordFields.filter((field) => withHashes || field !== 'password_hash')
  const lineOf = isOn(invocation, 'csv') ? csvLine : jsonLine
  const target = path === null ? toStandardOutput() : toFile(path)
  const progress = createProgress({ of: 'users', total: null })
  let users = 0
  await withControl(invocation, async (ask) => {
    if (isOn(invocation, 'csv')) await target.write(`${fields.join(',')}\r\n`)
    let cursor: string | null = null
    do {
      const page = rowOf(await ask('POST', '/control/users/export', { cursor }))
      const records = rowsOf(page['records'])
      await target.write(records.map((record) => lineOf(record, fields)).join(''))
      users += records.length
      cursor = textOf(page, 'next') || null
      progress.reached(users)
    } while (cursor !== null && !output.gone())
  }).finally(progress.end)
  target.finish()
  const secret = withHashes ? ' Their password hashes are in it: keep it as safe as the database.' : ''
  output.say(`${users} users exported.${secret}`)
}

function jsonLine(record: Row, fields: readonly string[]): string {
  const text = JSON.stringify(Object.fromEntries(fields.map((field) => [field, record[field]])))
  return `${escaped(text)}\n`
}

/**
 * RFC 4180. Every value is exactly what it is: nothing is put before one that a spreadsheet would take for a
 * formula.
 */
function csvLine(record: Row, fields: readonly string[]): string {
  return `${fields.map((field) => csvField(record[field])).join(',')}\r\n`
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : textOfValue(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function textOfValue(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : escaped(JSON.stringify(value))
}

/** What terminals obey and JSON leaves as it is; and U+FFFD, which looks like bytes that can't be read. */
function escaped(json: string): string {
  return json.replaceAll(
    /[\u007F-\u009F\u2028\u2029\uFFFD]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Waits for whoever reads, so that nothing piles up here. */
function toStandardOutput(): Target {
  return {
    write: (text) => new Promise((written) => process.stdout.write(text, () => written())),
    finish: () => undefined,
  }
}

/** Under its name only once it is whole. */
function toFile(path: string): Target {
  const part = `${path}.part`
  const file = openPrivateFile(part)
  return {
    write: async (text) => file.write(text),
    finish() {
      file.close()
      renameSync(part, path)
    },
  }
}
