import type { TSchema } from 'typebox'

const INTEGER = /^(?:0|[1-9][0-9]{0,8})$/

/**
 * A query has texts only: where its schema wants a number or a truth value, a text that is one becomes it.
 * Any other text stays, and the schema refuses it.
 */
export function readQuery(schema: TSchema, query: unknown): unknown {
  if (typeof query !== 'object' || query === null || !('properties' in schema)) return query
  const fields = schema.properties as Readonly<Record<string, { readonly type?: string }>>
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [
      name,
      Object.hasOwn(fields, name) ? readValue(fields[name]?.type, value) : value,
    ]),
  )
}

function readValue(type: string | undefined, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (type === 'integer' && INTEGER.test(value)) return Number(value)
  return type === 'boolean' && (value === 'true' || value === 'false') ? value === 'true' : value
}
