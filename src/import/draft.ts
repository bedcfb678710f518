import { importing } from '../domain/limits.ts'
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import type { ImportRow, Place, ReaderOptions } from './reader.ts'
import type { SourceUser } from './source-user.ts'

/** What a reader makes of a user of its program. */
export interface Draft {
  readonly id: string | null
  readonly username?: string | null
  readonly email: string | null
  readonly emailVerified: boolean | null
  readonly passwordHash: string | null
  /** By the names of the source. */
  readonly roles?: readonly string[]
  readonly disabled?: boolean
  readonly locale?: string | null
  readonly profile?: Readonly<Record<string, string | null>>
  readonly createdAt?: string | null
  readonly updatedAt?: string | null
  readonly lastSignInAt?: string | null
  /** Besides what has not been taken of the source. */
  readonly leftBehind?: readonly string[]
}

/**
 * The row of a draft. A role of the source counts only where the options say what it is here. What the draft
 * doesn't have is named.
 */
export function rowOf(
  { file, line }: Place,
  { source, draft }: { readonly source: SourceUser; readonly draft: Draft },
  options: ReaderOptions,
): ImportRow {
  const profile = { ...filled(draft.profile ?? {}), ...profileOf(source, options) }
  if (source.problems.length > 0) {
    return { file, line, reason: `What stands at ${source.problems.join(', ')} can't be read.` }
  }
  if (draft.email === null) return { file, line, reason: 'The user has no e-mail address.' }
  const roles = draft.roles ?? []
  const ours = (role: string) => (Object.hasOwn(options.roles, role) ? options.roles[role] : undefined)
  const granted = [...new Set(roles.flatMap((role) => ours(role) ?? []))]
  const record = filled({
    id: draft.id,
    username: draft.username,
    email: draft.email,
    email_verified: draft.emailVerified,
    password_hash: draft.passwordHash,
    roles: granted.length > 0 ? granted : null,
    status: draft.disabled ? 'disabled' : null,
    locale: draft.locale,
    profile: Object.keys(profile).length > 0 ? profile : null,
    created_at: draft.createdAt,
    updated_at: draft.updatedAt,
    last_sign_in_at: draft.lastSignInAt,
  })
  const left = roles.filter((role) => ours(role) === undefined).map((role) => `role ${role}`)
  return {
    file,
    line,
    record,
    leftBehind: few([...left, ...(draft.leftBehind ?? []), ...source.remaining()]),
  }
}

function profileOf(source: SourceUser, { profileFields }: ReaderOptions): JsonObject {
  return filled(
    Object.fromEntries(Object.entries(profileFields).map(([path, name]) => [name, source.value(path)])),
  )
}

function filled(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const entries = Object.entries(fields)
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      value === undefined || value === null || value === '' ? [] : [[name, value]],
    ),
  )
}

function few(names: readonly string[]): readonly string[] {
  const { leftBehindMax, leftBehindMaxLength } = importing
  const short = names.slice(0, leftBehindMax).map((name) => name.slice(0, leftBehindMaxLength))
  return names.length <= leftBehindMax ? short : [...short, 'and more']
}
