import { fieldError, type FieldError } from './errors.ts'
import { readEmail, usernameKey } from './keys.ts'
import { input } from './limits.ts'
import type { JsonObject } from './ports/runtime.ts'

/** Of UTF-16; a surrogate pair has four. */
const UTF8_BYTES_PER_UNIT = 3
/** A language, and perhaps a country. */
const PLAIN_LOCALE = /^[a-z]{2,3}(?:-[A-Z]{2})?$/

/** The fields of a user that a request may set; each is checked only where it is given. */
export interface UserFields {
  readonly username?: string | undefined
  readonly email?: string | undefined
  readonly locale?: string | undefined
}

/**
 * Every rule of `username`, `email` and `locale` that is broken. Types, and the profile, are the schema's
 * business.
 */
export function userFieldErrors(fields: UserFields): FieldError[] {
  const errors: FieldError[] = []
  if (fields.username !== undefined && !usernameKey(fields.username)) {
    const { usernameMinLength: min, usernameMaxLength: max } = input
    const characters = 'A-Z, a-z, 0-9, dot, underscore and hyphen'
    const message = `The username needs ${min} to ${max} characters of ${characters}.`
    errors.push(fieldError('/username', 'username_format', message))
  }
  if (fields.email !== undefined && !readEmail(fields.email)) {
    errors.push(fieldError('/email', 'email_format', 'This is not an address of the form name@example.com.'))
  }
  if (fields.locale !== undefined && !isLocale(fields.locale)) {
    errors.push(
      fieldError('/locale', 'field_format', 'The locale is not a language tag such as en or pt-BR.'),
    )
  }
  return errors
}

/** A profile larger than the limit can't be stored, whatever its fields. */
export function profileSizeErrors(profile: JsonObject): FieldError[] {
  const text = JSON.stringify(profile)
  if (text.length * UTF8_BYTES_PER_UNIT <= input.profileMaxBytes) return []
  const bytes = new TextEncoder().encode(text).length
  if (bytes <= input.profileMaxBytes) return []
  const message = `The profile has ${bytes} bytes of JSON; at most ${input.profileMaxBytes} are kept.`
  return [fieldError('/profile', 'field_too_long', message)]
}

/** Merges key by key; null clears a key (RFC 7396, one level deep). */
export function mergeProfile(profile: JsonObject, patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries({ ...profile, ...patch }).filter(([, value]) => value !== null))
}

/** A well-formed language tag (BCP 47). */
function isLocale(text: string): boolean {
  if (text.length > input.localeMaxLength) return false
  // Nearly all are of this form, and asking takes as long as all other rules together.
  if (PLAIN_LOCALE.test(text)) return true
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}
