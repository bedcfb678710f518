/** The typed table of operations of the client, made from the OpenAPI document and nothing else. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { openApiDocument } from '../src/http/openapi.ts'
import { routes } from '../src/http/routes.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly $ref?: string
  readonly anyOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly schema: Schema
    readonly required?: boolean
  }[]
  readonly requestBody?: Content & { readonly required?: boolean }
  readonly responses: Readonly<Record<string, Content>>
}

type TokenUse = 'none' | 'optional' | 'needed'

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const ROOT = join(import.meta.dirname, '..')
const HEADER = '// Generated from the OpenAPI document by scripts/generate-client.ts: npm run generate.\n'

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** The module `client/src/operations.ts`. */
export function generateClient(): string {
  // Through JSON: what is read is the document as programs get it.
  const document: Document = JSON.parse(JSON.stringify(openApiDocument(routes)))
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const rows = operations.map(
    ({ path, method, operation }) =>
      `  ${operation.operationId}: ['${method.toUpperCase()}', '${path}', '${tokenUse(operation)}'${
        isForm(operation) ? ", 'form'" : ''
      }],\n`,
  )
  return formatted(
    [
      HEADER,
      ...Object.entries(document.components.schemas).map(
        ([name, schema]) => `export type ${name} = ${typeOf(schema)}\n`,
      ),
      '/** Every operation: what it takes, what it answers by status, and the codes of its problems. */',
      `export interface Operations {\n${operations.map(({ operation }) => typesOf(operation)).join('')}}\n`,
      '/** Method, path, whether an access token goes with it, and whether its body is a form. */',
      'export type Row = readonly [',
      "  method: string, path: string, token: 'none' | 'optional' | 'needed', body?: 'form'",
      ']\n',
      `export const operations: Readonly<Record<keyof Operations, Row>> = {\n${rows.join('')}}\n`,
    ].join('\n'),
  )
}

function formatted(text: string): string {
  const formatter = join(ROOT, 'node_modules', '.bin', 'oxfmt')
  const options = { cwd: ROOT, input: text, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const { stdout, stderr, status } = spawnSync(
    formatter,
    ['--stdin-filepath=client/src/operations.ts'],
    options,
  )
  if (status !== 0) throw new Error(stderr)
  return stdout
}

function tokenUse({ security = [] }: Operation): TokenUse {
  if (security.length === 0) return 'none'
  return security.some((way) => Object.keys(way).length === 0) ? 'optional' : 'needed'
}

function isForm({ requestBody }: Operation): boolean {
  const types = Object.keys(requestBody?.content ?? {})
  return types.includes(FORM_TYPE) && !types.includes(JSON_TYPE)
}

function typesOf(operation: Operation): string {
  const { operationId, summary, responses } = operation
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([status, { content }]) => `${status}: ${answerType(content)}`)
  const codes = Object.values(responses).flatMap(({ content }) => codesOf(content?.[PROBLEM_TYPE]?.schema))
  const codeTypes = [...new Set(codes)].map((code) => `'${code}'`).join(' | ')
  return `/** ${summary} */\n${operationId}: {\ninput: ${inputType(operation)}
answers: { ${answers.join('; ')} }\ncodes: ${codeTypes || 'never'}\n}\n`
}

function codesOf(schema: Schema | undefined): readonly string[] {
  return (schema?.allOf ?? []).flatMap(({ properties }) => properties?.['code']?.enum ?? [])
}

function answerType(content: Content['content']): string {
  const schema = content?.[JSON_TYPE]?.schema ?? Object.values(content ?? {})[0]?.schema
  return schema ? typeOf(schema) : 'undefined'
}

/** `params`, `query`, `headers` and `body`; a group of which nothing is needed may be left out. */
function inputType({ parameters = [], requestBody }: Operation): string {
  const groups = (['path', 'query', 'header'] as const).flatMap((place) => {
    const here = parameters.filter((parameter) => parameter.in === place)
    if (here.length === 0) return []
    const fields = here.map(
      ({ name, required, schema }) =>
        `'${name}'${required ? '' : '?'}: ${typeOf(schema)}${required ? '' : ' | undefined'}`,
    )
    const name = { path: 'params', query: 'query', header: 'headers' }[place]
    return [`${name}${here.some(({ required }) => required) ? '' : '?'}: { ${fields.join('; ')} }`]
  })
  const { content = {}, required = false } = requestBody ?? {}
  const schema = (content[JSON_TYPE] ?? content[FORM_TYPE])?.schema
  if (schema) groups.push(`body${required ? '' : '?'}: ${typeOf(schema)}`)
  return `{ ${groups.join('; ')} }`
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ')
  return (
    [schema.type ?? []]
      .flat()
      .map((name) => namedType(name, schema))
      .join(' | ') || unknown(schema)
  )
}

function namedType(name: string, schema: Schema): string {
  switch (name) {
    case 'object':
      return objectType(schema)
    case 'array':
      return `readonly (${schema.items ? typeOf(schema.items) : 'unknown'})[]`
    case 'integer':
    case 'number':
      return 'number'
    case 'string':
    case 'boolean':
    case 'null':
      return name
    default:
      return unknown(schema)
  }
}

function unknown(schema: Schema): never {
  throw new Error(`the client has no type for ${JSON.stringify(schema)}`)
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    // The schema of the profile is the operator's.
    if (name === 'profile')
      return `'profile'${required.includes(name) ? '' : '?'}: { readonly [name: string]: unknown }`
    const needed = required.includes(name)
    return `'${name}'${needed ? '' : '?'}: ${typeOf(schema)}${needed ? '' : ' | undefined'}`
  })
  if (!additionalProperties) return `{ ${fields.join('; ')} }`
  // An index beside named fields has to fit them all.
  const others = additionalProperties === true || fields.length > 0 ? 'unknown' : typeOf(additionalProperties)
  const open = `{ readonly [name: string]: ${others} }`
  return fields.length > 0 ? `{ ${fields.join('; ')} } & ${open}` : open
}
