import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { readerOf } from './dialect.ts'
import { keycloakHash } from './keycloak-password.ts'
import { asText } from './read-values.ts'
import { isObject } from './source-row.ts'

/** Every user has them without anybody's doing. */
const AUTOMATIC_ROLE = /^(?:default-roles-.*|offline_access|uma_authorization)$/

/** Keycloak: a realm with its users, in one file or in several. */
export const keycloak = readerOf({
  name: 'keycloak',
  summary:
    'A realm of Keycloak as its export writes it with users, in one file or as <realm>-users-<n>.json.',
  shape: { tables: [], lists: ['users', 'federatedUsers'], columns: ['email'] },
  prepare: (fields) => ({
    ...fields,
    // In a realm where people sign in by their address it is their username, too.
    username: fields.username === fields.email ? null : (fields.username ?? null),
    attributes: singles(fields.attributes),
  }),
  read(user) {
    if (user.has('realm') && user.has('users')) {
      return { reason: 'This is a realm among several; export one realm at a time with --realm.' }
    }
    if (user.has('serviceAccountClientId')) return { reason: 'This is the service account of a client.' }
    user.drop('disableableCredentialTypes', 'notBefore', 'totp', 'access', 'self', 'origin')
    const credentials = objects(user.value('credentials'))
    const password = credentials.findLast(({ type }) => type === 'password')
    return {
      id: user.text('id'),
      username: user.username('username'),
      email: user.text('email'),
      emailVerified: user.flag('emailVerified'),
      passwordHash: password ? keycloakHash(password) : null,
      roles: rolesOf(user.value('realmRoles'), user.value('clientRoles'), user.value('groups')),
      disabled: user.flag('enabled') === false,
      locale: user.locale('attributes.locale'),
      profile: {
        given_name: user.text('firstName'),
        family_name: user.text('lastName'),
        picture: user.text('attributes.picture'),
        website: user.text('attributes.website'),
      },
      createdAt: user.time('createdTimestamp'),
      leftBehind: credentials
        .filter(({ type }) => type !== 'password')
        .map(({ type }) => `credential ${asText(type)}`),
    }
  },
})

/** Attributes are lists, mostly of one text. */
function singles(attributes: JsonValue | undefined): JsonValue {
  if (!isObject(attributes)) return attributes ?? null
  const entries = Object.entries(attributes)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Array.isArray(value) && value.length === 1 ? (value[0] ?? null) : value,
    ]),
  )
}

/**
 * Realm roles by their names, roles of a client as `client/role`, groups as the paths that they are,
 * `/staff`.
 */
function rolesOf(realmRoles: JsonValue, clientRoles: JsonValue, groups: JsonValue): readonly string[] {
  const ofClients = isObject(clientRoles) ? Object.entries(clientRoles) : []
  return [
    ...texts(realmRoles).filter((role) => !AUTOMATIC_ROLE.test(role)),
    ...ofClients.flatMap(([client, roles]) => texts(roles).map((role) => `${client}/${role}`)),
    ...texts(groups),
  ]
}

function texts(value: JsonValue): readonly string[] {
  return Array.isArray(value) ? value.map(asText) : []
}

function objects(value: JsonValue): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
