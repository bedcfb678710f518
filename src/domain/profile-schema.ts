/** The operator's own profile fields: a JSON Schema (draft 2020-12), read once, at the start. */
import { escapePointer } from './errors.ts'
import { profileSchema as limits } from './limits.ts'
import type { JsonObject, JsonValue } from './ports/runtime.ts'

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'
const TYPES = ['object', 'array', 'string', 'integer', 'number', 'boolean', 'null']

/** The formats that are held to; any other would be taken for a rule and be none. */
export const formats: readonly string[] = (
  'date-time date time duration email idn-email hostname idn-hostname ipv4 ipv6 ' +
  'uri uri-reference iri iri-reference uuid json-pointer regex'
).split(' ')

/** A keyword with a plain value: whether it is right, and what it must be. */
type Plain = readonly [fits: (value: JsonValue) => boolean, wanted: string]

const text: Plain = [(value) => typeof value === 'string', 'a text']
const number: Plain = [(value) => typeof value === 'number', 'a number']
const flag: Plain = [(value) => typeof value === 'boolean', 'true or false']
const anything: Plain = [() => true, '']
const count: Plain = [
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  'a whole number from 0 up',
]
const texts: Plain = [isTexts, 'a list of texts']

const plain: Readonly<Record<string, Plain>> = {
  $comment: text,
  title: text,
  description: text,
  default: anything,
  deprecated: flag,
  examples: [isList, 'a list'],
  const: anything,
  enum: [(value) => isList(value) && value.length > 0, 'a list with at least one value'],
  type: [isType, TYPES.join(', ')],
  minLength: count,
  maxLength: count,
  pattern: [isPattern, 'a regular expression'],
  format: [(value) => isOneOf(value, formats), formats.join(', ')],
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: [(value) => typeof value === 'number' && value > 0, 'a number above 0'],
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  minContains: count,
  maxContains: count,
  required: texts,
  minProperties: count,
  maxProperties: count,
  dependentRequired: [
    (value) => isObject(value) && Object.values(value).every(isTexts),
    'lists of texts by the name of a property',
  ],
}

/** Keywords whose value is a schema, a list of schemas, or a schema for each name. */
const one = ['additionalProperties', 'propertyNames', 'items', 'contains', 'not', 'if', 'then', 'else']
const list = ['prefixItems', 'allOf', 'anyOf', 'oneOf']
const map = ['properties', 'patternProperties']

interface Reading {
  readonly root: JsonObject
  readonly problems: string[]
  schemas: number
}

interface Place {
  /** JSON Pointer into the file. */
  readonly at: string
  readonly depth: number
  /** The references that led here. */
  readonly through: readonly string[]
}

/**
 * Reads the JSON value of a schema file; null and everything that is wrong with it, each with its remedy,
 * where it can't be used. References within the file are written out, so that the schema can stand anywhere.
 */
export function readProfileSchema(value: unknown): {
  readonly schema: JsonObject | null
  readonly problems: readonly string[]
} {
  if (!isObject(value) || value['type'] !== 'object') {
    return { schema: null, problems: ['is no JSON Schema with "type": "object"'] }
  }
  const { $schema = DRAFT, $id: _, ...schema } = value
  const reading: Reading = { root: schema, problems: [], schemas: 0 }
  if ($schema !== DRAFT && $schema !== `${DRAFT}#`) reading.problems.push(`has another $schema than ${DRAFT}`)
  const written = readSchema(schema, { at: '', depth: 0, through: [] }, reading)
  const { problems, schemas } = reading
  if (schemas > limits.schemasMax)
    problems.push(`has more than ${limits.schemasMax} schemas, references written out`)
  return { schema: problems.length === 0 && isObject(written) ? written : null, problems }
}

function readSchema(schema: JsonValue, place: Place, reading: Reading): JsonValue {
  const { at, depth } = place
  if (typeof schema === 'boolean') return schema
  if (!isObject(schema)) return wrong(`has no schema at ${at}; write an object, true or false`, reading)
  reading.schemas += 1
  if (reading.schemas > limits.schemasMax) return true
  if (depth > limits.depthMax) return wrong(`goes deeper than ${limits.depthMax} schemas at ${at}`, reading)
  const { $ref, $defs: _, ...keywords } = schema
  checkRequired(schema, place, reading)
  const own = Object.fromEntries(
    Object.entries(keywords).map(([name, value]) => [name, readKeyword(name, value, { place, reading })]),
  )
  if ($ref === undefined) return own
  const target = readReference($ref, place, reading)
  if (Object.keys(own).length === 0) return target
  return { ...own, allOf: [...(isList(own['allOf']) ? own['allOf'] : []), target] }
}

function readKeyword(
  name: string,
  value: JsonValue,
  { place, reading }: { readonly place: Place; readonly reading: Reading },
): JsonValue {
  const at = `${place.at}/${escapePointer(name)}`
  const below = (step: string) => ({ ...place, at: `${at}${step}`, depth: place.depth + 1 })
  const known = Object.hasOwn(plain, name) ? plain[name] : undefined
  if (known) {
    const [fits, wanted] = known
    return fits(value) ? value : wrong(`has ${shown(value)} at ${at}, but takes ${wanted}`, reading)
  }
  if (one.includes(name)) return readSchema(value, below(''), reading)
  if (list.includes(name)) {
    if (!isList(value) || value.length === 0) return wrong(`has no list of schemas at ${at}`, reading)
    return value.map((each, index) => readSchema(each, below(`/${index}`), reading))
  }
  if (map.includes(name)) {
    return isObject(value)
      ? readMap(value, name, { below, reading })
      : wrong(`has no object of schemas at ${at}`, reading)
  }
  const where = place.at || 'its top'
  return wrong(`has the keyword ${name} at ${where}, which is not supported; remove it`, reading)
}

function readMap(
  schemas: JsonObject,
  keyword: string,
  { below, reading }: { readonly below: (step: string) => Place; readonly reading: Reading },
): JsonObject {
  const read = Object.entries(schemas).map(([name, each]) => {
    const place = below(`/${escapePointer(name)}`)
    if (keyword === 'patternProperties' && !isPattern(name))
      wrong(`has ${shown(name)} at ${place.at}, but takes a regular expression`, reading)
    return [name, readSchema(each, place, reading)]
  })
  return Object.fromEntries(read)
}

/** A required field that can't be sent would stop every registration. */
function checkRequired(schema: JsonObject, { at }: Place, reading: Reading): void {
  const { required, properties = {}, additionalProperties, patternProperties } = schema
  if (!isTexts(required) || additionalProperties !== false || patternProperties || !isObject(properties))
    return
  for (const name of required) {
    if (!Object.hasOwn(properties, name))
      wrong(`requires ${name} at ${at || 'its top'}, which is none of the properties there`, reading)
  }
}

function readReference($ref: JsonValue, place: Place, reading: Reading): JsonValue {
  const at = `${place.at}/$ref`
  if (typeof $ref !== 'string' || !/^#(\/|$)/.test($ref)) {
    return wrong(
      `refers to ${shown($ref)} at ${at}; only references within the file, such as "#/$defs/address", ` +
        'are followed',
      reading,
    )
  }
  if ($ref === '#' || place.through.includes($ref)) {
    return wrong(`leads back to itself at ${at}; write out the levels that a profile may have`, reading)
  }
  const target = lookUp($ref, reading.root)
  if (target === undefined) return wrong(`refers to ${$ref} at ${at}, which is not there`, reading)
  const through = [...place.through, $ref]
  return readSchema(target, { at: $ref.slice(1), depth: place.depth + 1, through }, reading)
}

/** What a JSON Pointer (RFC 6901), written as a URI fragment, leads to. */
function lookUp(reference: string, root: JsonObject): JsonValue | undefined {
  let found: JsonValue | undefined = root
  for (const step of reference.split('/').slice(1)) {
    const name = decoded(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (isList(found)) found = found[Number(name)]
    else found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined
  }
  return found
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

/** Notes the problem; what stands in its place is never used. */
function wrong(problem: string, { problems }: Reading): true {
  if (problems.length < limits.problemsMax && !problems.includes(problem)) problems.push(problem)
  return true
}

function shown(value: JsonValue): string {
  return JSON.stringify(value).slice(0, 40)
}

function isType(value: JsonValue): boolean {
  return isList(value)
    ? value.length > 0 && value.every((each) => isOneOf(each, TYPES))
    : isOneOf(value, TYPES)
}

function isOneOf(value: JsonValue, texts: readonly string[]): boolean {
  return typeof value === 'string' && texts.includes(value)
}

function isPattern(value: JsonValue): boolean {
  try {
    return typeof value === 'string' && Boolean(new RegExp(value, 'u'))
  } catch {
    return false
  }
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return isList(value) && value.every((each) => typeof each === 'string')
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Holds for parsed JSON only: there, whatever is an object and no list has JSON values. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
