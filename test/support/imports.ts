import assert from 'node:assert/strict'
import type { Passwords } from '../../src/domain/ports/crypto.ts'
import type { JsonObject } from '../../src/domain/ports/runtime.ts'
import { preparePassword } from '../../src/domain/password-rules.ts'
import { asText } from '../../src/import/read-values.ts'
import type { ImportReader, ImportRow, ReaderOptions } from '../../src/import/reader.ts'

/** A row without the file that it is from, and without the hash, which is new wherever a fixture is made again. */
export interface ReadUser {
  readonly line: number
  readonly record: JsonObject
  readonly hash: string | null
  readonly leftBehind: readonly string[]
}

/** The present of the tests: after every time in the fixtures. */
export const NOW = Date.parse('2026-01-01T00:00:00Z')

export function fixture(path: string): string {
  return `${import.meta.dirname}/../fixtures/imports/${path}`
}

/** Everything that a reader gives. */
export async function rowsOf(
  reader: ImportReader,
  files: readonly string[],
  options: Partial<ReaderOptions> = {},
): Promise<readonly ImportRow[]> {
  return Array.fromAsync(
    reader.read(files, { profileFields: {}, roles: {}, table: null, now: NOW, ...options }),
  )
}

/** The users by the part of their address before the @, and the reasons for which there are no more of them. */
export function sorted(rows: readonly ImportRow[]): {
  readonly users: Readonly<Record<string, ReadUser>>
  readonly reasons: readonly string[]
} {
  const users = rows.flatMap((row) => {
    if (!('record' in row)) return []
    const { password_hash, ...record } = row.record
    const { line, leftBehind } = row
    const hash = typeof password_hash === 'string' ? password_hash : null
    return [[asText(record.email).split('@')[0] ?? '', { line, record, hash, leftBehind }] as const]
  })
  return {
    users: Object.fromEntries(users),
    reasons: rows.flatMap((row) => ('reason' in row ? [`${row.line}: ${row.reason}`] : [])),
  }
}

/** That the hashes of these users are taken and fit their passwords; and not, for one of them, another one. */
export async function assertFit(
  passwords: Passwords,
  users: Readonly<Record<string, ReadUser>>,
  expected: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, password] of Object.entries(expected)) {
    const text = users[name]?.hash ?? assert.fail(`${name} has no hash`)
    const stored = passwords.importable(text) ?? assert.fail(`${name}: ${text} is not taken`)
    assert.equal(await passwords.verify(preparePassword(password), stored), true, name)
  }
  const [[name, password] = ['', '']] = Object.entries(expected)
  const stored = passwords.importable(users[name]?.hash ?? '')
  assert.equal(await passwords.verify(preparePassword(`${password} `), stored), false, name)
}
