/** The routes as they are with the operator's own profile fields (`UM_PROFILE_SCHEMA_FILE`). */
import Type, { type TSchema } from 'typebox'
import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { closed } from './fields.ts'
import { profileUpdateBody, registerBody } from './requests.ts'
import type { Route } from './route.ts'

/** Any object: the rules hold it against the schema, a change of it as merged. */
const anyProfile = Type.Optional(Type.Unsafe<JsonObject>({ type: 'object' }))

/** The routes that the server mounts. */
export function withAnyProfile(routes: readonly Route[]): readonly Route[] {
  return withBodies(routes, {
    register: Type.Object({ ...registerBody.properties, profile: anyProfile }, closed),
    profileUpdate: Type.Object({ ...profileUpdateBody.properties, profile: anyProfile }, closed),
  })
}

/** The same as the contract shows them. */
export function withShownProfile(routes: readonly Route[], schema: JsonObject): readonly Route[] {
  const whole = Type.Unsafe<JsonObject>(schema)
  const { required } = schema
  const needed = Array.isArray(required) && required.length > 0
  const patch = Type.Optional(Type.Unsafe<JsonObject>(patchOf(schema)))
  const description = 'Any subset; what is left out stays.'
  return withBodies(routes, {
    register: Type.Object(
      { ...registerBody.properties, profile: needed ? whole : Type.Optional(whole) },
      closed,
    ),
    profileUpdate: Type.Object(
      { ...profileUpdateBody.properties, profile: patch },
      { ...closed, description },
    ),
  })
}

function withBodies(routes: readonly Route[], bodies: Readonly<Record<string, TSchema>>): readonly Route[] {
  return routes.map((one) => {
    const body = bodies[one.operationId]
    return body ? { ...one, body } : one
  })
}

/** Members may be null and none is required; what else the schema asks for is asked of the merged whole. */
function patchOf(schema: JsonObject): JsonObject {
  const { title, properties, patternProperties, additionalProperties } = schema
  return {
    type: 'object',
    description: 'Merged key by key; null clears a key. The result must fit the schema of the registration.',
    ...(title !== undefined && { title }),
    ...(isObject(properties) && { properties: nullableEach(properties) }),
    ...(isObject(patternProperties) && { patternProperties: nullableEach(patternProperties) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        additionalProperties === false ? { type: 'null' } : nullable(additionalProperties),
    }),
  }
}

function nullableEach(schemas: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schemas).map(([name, each]) => [name, nullable(each)]))
}

function nullable(schema: JsonValue): JsonObject {
  return { anyOf: [schema, { type: 'null' }] }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
