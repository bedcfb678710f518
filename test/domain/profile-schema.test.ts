import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Format } from 'typebox/format'
import { profileSchema as limits } from '../../src/domain/limits.ts'
import { formats, readProfileSchema } from '../../src/domain/profile-schema.ts'

const SCHEMA = 'https://json-schema.org/draft/2020-12/schema'

function problemsOf(rest: object): readonly string[] {
  const { schema, problems } = readProfileSchema({ type: 'object', ...rest })
  assert.equal(schema === null, problems.length > 0, 'refused exactly where there is a problem')
  return problems
}

function problemOf(field: unknown): string {
  const problems = problemsOf({ properties: { field } })
  assert.equal(problems.length, 1, problems.join('\n'))
  return problems[0] ?? ''
}

test('a schema with every keyword that is held to is taken as it is', () => {
  const schema = {
    type: 'object',
    title: 'Staff',
    required: ['department'],
    properties: {
      department: { enum: ['sales', 'support'], description: 'Where', examples: ['sales'], default: 'sales' },
      level: {
        type: 'integer',
        minimum: 1,
        maximum: 9,
        multipleOf: 1,
        exclusiveMinimum: 0,
        exclusiveMaximum: 10,
      },
      code: { type: ['string', 'null'], minLength: 2, maxLength: 4, pattern: '^[A-Z]+$', deprecated: true },
      since: { type: 'string', format: 'date', $comment: 'ISO' },
      tags: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 3, uniqueItems: true },
      pair: {
        type: 'array',
        prefixItems: [true, { const: 1 }],
        contains: {},
        minContains: 1,
        maxContains: 2,
      },
      either: { anyOf: [{ type: 'string' }, { type: 'integer' }], not: { const: 'x' }, oneOf: [true] },
      address: { type: 'object', minProperties: 1, maxProperties: 4, dependentRequired: { city: ['zip'] } },
    },
    patternProperties: { '^x_': { type: 'boolean' } },
    propertyNames: { pattern: '^[a-z_]+$' },
    additionalProperties: false,
    // As text: an object with a member `then` is taken for a promise elsewhere.
    allOf: JSON.parse('[{"if": {"required": ["level"]}, "then": {"required": ["since"]}, "else": true}]'),
  }
  assert.deepEqual(readProfileSchema(schema), { schema, problems: [] })
})

test('what only describes the file is left out: its dialect, its name and its definitions', () => {
  const found = readProfileSchema({
    $schema: SCHEMA,
    $id: 'https://example.com/p',
    type: 'object',
    $defs: {},
  })
  assert.deepEqual(found.schema, { type: 'object' })
})

test('references within the file are written out, beside other keywords and through one another', () => {
  const found = readProfileSchema({
    type: 'object',
    properties: {
      home: { $ref: '#/$defs/address' },
      work: { $ref: '#/$defs/address', description: 'At work' },
      odd: { $ref: '#/$defs/a~1b%20c' },
    },
    $defs: {
      address: { type: 'object', properties: { city: { $ref: '#/$defs/name' } } },
      name: { type: 'string', maxLength: 9 },
      'a/b c': { const: 1 },
    },
  })
  const address = { type: 'object', properties: { city: { type: 'string', maxLength: 9 } } }
  assert.deepEqual(found, {
    schema: {
      type: 'object',
      properties: { home: address, work: { description: 'At work', allOf: [address] }, odd: { const: 1 } },
    },
    problems: [],
  })
})

test('a reference to the outside, into nothing or back to itself is refused', () => {
  for (const $ref of ['https://example.com/s.json', 'other.json#/a', '#anchor', 7, null]) {
    assert.match(problemOf({ $ref }), /only references within the file/)
  }
  assert.match(problemOf({ $ref: '#/$defs/missing' }), /at \/properties\/field\/\$ref, which is not there/)
  assert.match(problemOf({ $ref: '#/constructor' }), /which is not there/)
  assert.match(problemOf({ $ref: '#' }), /leads back to itself/)
  const tree = { type: 'object', properties: { child: { $ref: '#/$defs/tree' } } }
  const problems = problemsOf({ properties: { root: { $ref: '#/$defs/tree' } }, $defs: { tree } })
  assert.match(problems.join(), /leads back to itself at \/\$defs\/tree\/properties\/child\/\$ref/)
})

test('a keyword that would be no rule is refused, with its place', () => {
  for (const name of [
    'minLenght',
    'readOnly',
    'unevaluatedProperties',
    '$dynamicRef',
    'constructor',
    '$id',
  ]) {
    assert.equal(
      problemOf({ [name]: true }),
      `has the keyword ${name} at /properties/field, which is not supported; remove it`,
    )
  }
  assert.match(problemsOf({ definitions: {} }).join(), /has the keyword definitions at its top/)
  assert.match(problemsOf({ $schema: 'http://json-schema.org/draft-07/schema#' }).join(), /another \$schema/)
})

test('every value of a wrong kind is named with what it must be', () => {
  const wrong: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ type: 'strng' }, /has "strng" at \/properties\/field\/type, but takes object, array, string/],
    [{ type: [] }, /but takes object/],
    [{ minLength: -1 }, /but takes a whole number from 0 up/],
    [{ maxItems: 1.5 }, /but takes a whole number/],
    [{ minimum: '1' }, /but takes a number/],
    [{ multipleOf: 0 }, /but takes a number above 0/],
    [{ uniqueItems: 'yes' }, /but takes true or false/],
    [{ enum: [] }, /but takes a list with at least one value/],
    [{ pattern: '(' }, /but takes a regular expression/],
    [{ patternProperties: { '(': true } }, /but takes a regular expression/],
    [{ format: 'phone' }, /has "phone" at \/properties\/field\/format, but takes date-time, date/],
    [{ required: 'a' }, /but takes a list of texts/],
    [{ dependentRequired: { a: 'b' } }, /but takes lists of texts/],
    [{ title: 7 }, /but takes a text/],
    [{ examples: 'x' }, /but takes a list/],
    [{ anyOf: {} }, /has no list of schemas at/],
    [{ allOf: [] }, /has no list of schemas at/],
    [{ properties: [] }, /has no object of schemas at/],
    [{ items: 'string' }, /has no schema at \/properties\/field\/items/],
  ]
  for (const [schema, sentence] of wrong) assert.match(problemOf(schema), sentence)
})

test('a required field that is no property of a closed object is refused: nobody could send it', () => {
  const properties = { department: true }
  assert.deepEqual(problemsOf({ required: ['departement'], properties, additionalProperties: false }), [
    'requires departement at its top, which is none of the properties there',
  ])
  assert.deepEqual(problemsOf({ required: ['departement'], properties }), [])
  assert.deepEqual(problemsOf({ required: ['department'], properties, additionalProperties: false }), [])
})

test('everything that is wrong is said at once, each thing once, up to a limit', () => {
  const bad = { type: 'x', format: 'y' }
  const problems = problemsOf({ properties: { a: bad, b: bad }, maxProperties: 'many' })
  assert.equal(problems.length, 5)
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`f${n}`, { type: 'x' }]))
  assert.equal(problemsOf({ properties: many }).length, limits.problemsMax)
})

test('what is no schema of an object is refused', () => {
  for (const value of [null, true, [], 'object', 7, {}, { type: 'string' }, { type: ['object'] }]) {
    const expected = { schema: null, problems: ['is no JSON Schema with "type": "object"'] }
    assert.deepEqual(readProfileSchema(value), expected)
  }
})

test('depth is bounded, and so is what references multiply', () => {
  let deep: object = { type: 'string' }
  for (let level = 0; level < 40; level += 1) deep = { items: deep }
  assert.match(problemsOf({ properties: { deep } }).join(), /goes deeper than 16 schemas/)
  const six = (name: string) => Array.from({ length: 6 }, () => ({ $ref: `#/$defs/${name}` }))
  const $defs = { a: { prefixItems: six('b') }, b: { prefixItems: six('c') }, c: { prefixItems: six('d') } }
  const wide = { properties: { wide: { prefixItems: six('a') } }, $defs: { ...$defs, d: {} } }
  assert.deepEqual(problemsOf(wide), [`has more than ${limits.schemasMax} schemas, references written out`])
})

test('every format that a schema may name is one that values are held to', () => {
  assert.deepEqual(
    formats.filter((name) => !Format.Has(name)),
    [],
  )
})
