import { Compile, type Validator } from 'typebox/schema'
import { Settings } from 'typebox/system'
import type { TSchema } from 'typebox'
import { escapePointer, fieldError, type ErrorCode, type FieldError } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'

// The library stops at eight errors by itself; we name them all, and what is not named counts as right.
Settings.Set({ maxErrors: http.fieldErrorsMax })

export interface Checker {
  /** Every field that does not fit, one entry a field; empty when the value fits. */
  check(value: unknown): FieldError[]
}

interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

const codes: Readonly<Record<string, ErrorCode>> = {
  required: 'field_required',
  boolean: 'unknown_field',
  type: 'field_type',
  minLength: 'field_too_short',
  maxLength: 'field_too_long',
  minItems: 'field_too_short',
  maxItems: 'field_too_long',
  minProperties: 'field_too_short',
  maxProperties: 'field_too_long',
  minimum: 'field_format',
  maximum: 'field_format',
  pattern: 'field_format',
  format: 'field_format',
  enum: 'field_format',
  const: 'field_format',
}

/** Compiles a schema once. `readOnly` fields are refused by a code of their own. */
export function checker(schema: TSchema, readOnly: readonly string[] = []): Checker {
  const compiled = Compile(schema)
  return {
    check: (value) => {
      if (compiled.Check(value)) return []
      const errors = errorsOf(compiled, value, readOnly)
      return errors.length > 0 ? errors : [fieldError('', 'field_format')]
    },
  }
}

function errorsOf(compiled: Validator, value: unknown, readOnly: readonly string[]): FieldError[] {
  const byPointer = new Map<string, FieldError>()
  const [, failed] = compiled.Errors(value)
  const found = failed.flatMap(spread)
  for (const error of found) {
    const code = codes[error.keyword]
    const known = byPointer.get(error.instancePath)
    // A nullable text that is too long also is "not null": the more telling entry stays.
    if (!code || (known && known.code !== 'field_type')) continue
    byPointer.set(error.instancePath, describe(code, error, readOnly))
  }
  // A choice that fails as a whole (`oneOf`, `uniqueItems`) is named where none of its parts is.
  for (const error of found.filter(({ keyword }) => !codes[keyword])) {
    const pointer = error.instancePath
    if (![...byPointer.keys()].some((named) => isWithin(named, pointer)))
      byPointer.set(pointer, describe('field_format', error, readOnly))
  }
  return [...byPointer.values()]
}

function describe(code: ErrorCode, error: SchemaError, readOnly: readonly string[]): FieldError {
  const pointer = error.instancePath
  if (code === 'unknown_field' && readOnly.includes(pointer.slice(1)))
    return fieldError(pointer, 'field_read_only')
  if (code === 'unknown_field' || code === 'field_required') return fieldError(pointer, code)
  if (error.keyword === 'pattern')
    return fieldError(pointer, code, 'The text has characters or a form not allowed here')
  return fieldError(pointer, code, `The value ${error.message}`)
}

/** Whether it is this value's pointer, or that of one of its parts. */
export function isWithin(pointer: string, whole: string): boolean {
  return pointer === whole || pointer.startsWith(`${whole}/`)
}

/** `required` names the object; we point at each missing field (RFC 6901). */
function spread(error: SchemaError): SchemaError[] {
  if (error.keyword !== 'required' || !('requiredProperties' in error.params)) return [error]
  const names = error.params.requiredProperties
  if (!Array.isArray(names)) return [error]
  return names.map((name) => ({
    ...error,
    instancePath: `${error.instancePath}/${escapePointer(String(name))}`,
  }))
}
