import type { ProfileRules } from '../domain/deps.ts'
import { profileSizeErrors } from '../domain/field-rules.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'

/** The rules of the profile: the operator's own JSON Schema, or the built-in fields (null). */
export function createProfileRules(_schema: JsonObject | null): ProfileRules {
  return { errors: profileSizeErrors }
}
