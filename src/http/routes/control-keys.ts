import Type from 'typebox'
import {
  dropKey,
  listKeys,
  prepareMasterKey,
  rotateKeys,
  rotateMasterKey,
} from '../../domain/signing-keys.ts'
import type { MasterKey, SigningKeyInfo } from '../../domain/ports/crypto.ts'
import { closed, textOrNull } from '../fields.ts'
import { administrator, route, type Route } from '../route.ts'
import { timestamp, timestampOrNull } from '../wire.ts'

const keySchema = Type.Object(
  {
    kid: Type.String(),
    algorithm: Type.String(),
    state: Type.String(),
    created_at: Type.String(),
    activated_at: textOrNull({}),
    retires_at: textOrNull({}),
  },
  closed,
)
const keysSchema = Type.Object({ items: Type.Array(keySchema) }, closed)
const about = { tag: 'Tokens', access: 'operator', undocumented: true } as const

const listKeysRoute = route({
  ...about,
  method: 'GET',
  path: '/control/keys',
  operationId: 'controlListKeys',
  summary: 'List the signing keys',
  responses: { 200: { description: 'The active one first', schema: keysSchema } },
  errors: [],
  async handle(call) {
    return { status: 200, body: wireKeys(await listKeys(administrator(call), call.deps)) }
  },
})

const rotateKeysRoute = route({
  ...about,
  method: 'POST',
  path: '/control/keys/rotate',
  operationId: 'controlRotateKeys',
  summary: 'Let the next signing key sign',
  body: Type.Object({ force: Type.Boolean() }, closed),
  responses: { 200: { description: 'The keys as they are now', schema: keysSchema } },
  errors: ['overloaded'],
  async handle(call) {
    const request = { actor: administrator(call), force: call.body.force }
    return { status: 200, body: wireKeys(await rotateKeys(request, call.caller, call.deps)) }
  },
})

const dropKeyRoute = route({
  ...about,
  method: 'DELETE',
  path: '/control/keys/{kid}',
  operationId: 'controlDropKey',
  summary: 'Take a compromised signing key out',
  responses: { 200: { description: 'The keys as they are now', schema: keysSchema } },
  errors: ['not_found', 'overloaded'],
  async handle(call) {
    const request = { actor: administrator(call), kid: call.params['kid'] ?? '' }
    return { status: 200, body: wireKeys(await dropKey(request, call.caller, call.deps)) }
  },
})

export const controlKeyRoutes = [listKeysRoute, rotateKeysRoute, dropKeyRoute]

/** Not for a running server, which goes on with the master key that it has read. */
export function masterKeyRoutes(masterKey: MasterKey): readonly Route[] {
  const masterKeyRoute = route({
    ...about,
    method: 'POST',
    path: '/control/master-key',
    operationId: 'controlMasterKey',
    summary: 'Prepare another master key, or seal with it',
    body: Type.Object(
      { step: Type.Unsafe<'prepare' | 'rotate'>({ type: 'string', enum: ['prepare', 'rotate'] }) },
      closed,
    ),
    responses: {
      200: { description: 'What was done', schema: Type.Object({ status: Type.String() }, closed) },
    },
    errors: ['overloaded'],
    patient: true,
    async handle(call) {
      const actor = administrator(call)
      if (call.body.step === 'rotate') {
        const status = await rotateMasterKey({ actor, masterKey }, call.caller, call.deps)
        return { status: 200, body: { status } }
      }
      await prepareMasterKey(actor, masterKey)
      return { status: 200, body: { status: 'prepared' } }
    },
  })
  return [masterKeyRoute]
}

function wireKeys(keys: readonly SigningKeyInfo[]) {
  const items = keys.map((key) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.state,
    created_at: timestamp(key.createdAt),
    activated_at: timestampOrNull(key.activatedAt),
    retires_at: timestampOrNull(key.retiresAt),
  }))
  return { items }
}
