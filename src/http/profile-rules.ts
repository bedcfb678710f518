import type { ProfileRules } from '../domain/deps.ts'
import { DomainError } from '../domain/errors.ts'
import { profileSizeErrors } from '../domain/field-rules.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import { profile } from './fields.ts'
import { checker, type Checker } from './validation.ts'

/**
 * The rules of the profile: the operator's own JSON Schema (see `readProfileSchema`), or the built-in
 * fields (null). Throws `start_refused` where the schema can't be compiled.
 */
export function createProfileRules(schema: JsonObject | null): ProfileRules {
  const { check } = schema === null ? checker(profile) : compiled(schema)
  return {
    errors: (value) => [
      ...check(value).map(({ pointer, ...rest }) => ({ ...rest, pointer: `/profile${pointer}` })),
      ...profileSizeErrors(value),
    ],
  }
}

function compiled(schema: JsonObject): Checker {
  try {
    return checker(schema)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const detail = `The schema of UM_PROFILE_SCHEMA_FILE cannot be used: ${reason}.`
    throw new DomainError('start_refused', { detail, cause })
  }
}
