import Type from 'typebox'
import { backUp } from '../../domain/backup.ts'
import { addDeletions, endRestoration, replayDeletions } from '../../domain/deletion-ledger.ts'
import { backup as limits } from '../../domain/limits.ts'
import { okSchema } from '../answers.ts'
import { closed, textOrNull } from '../fields.ts'
import { administrator, route } from '../route.ts'
import { timestamp } from '../wire.ts'

const about = { tag: 'Operation', access: 'operator', undocumented: true } as const

const backUpRoute = route({
  ...about,
  method: 'POST',
  path: '/control/backup',
  operationId: 'controlBackUp',
  summary: 'Write a copy of all data',
  patient: true,
  body: Type.Object({ path: Type.String({ minLength: 1, maxLength: limits.pathMaxLength }) }, closed),
  responses: {
    200: {
      description: 'What was written',
      schema: Type.Object({ bytes: Type.Integer(), users: Type.Integer(), at: Type.String() }, closed),
    },
  },
  errors: ['request_invalid', 'overloaded'],
  async handle(call) {
    const request = { actor: administrator(call), path: call.body.path }
    const { bytes, users, at } = await backUp(request, call.caller, call.deps)
    return { status: 200, body: { bytes, users, at: timestamp(at) } }
  },
})

const addDeletionsRoute = route({
  ...about,
  method: 'POST',
  path: '/control/deletions',
  operationId: 'controlAddDeletions',
  summary: 'Add entries to the deletion ledger',
  body: Type.Object(
    {
      items: Type.Array(
        Type.Object(
          { hash: Type.String({ pattern: '^[0-9a-f]{64}$' }), at: Type.Integer({ minimum: 0 }) },
          closed,
        ),
        { maxItems: limits.ledgerPerRequest },
      ),
    },
    closed,
  ),
  responses: { 200: { description: 'The ledger has them', schema: okSchema } },
  errors: ['overloaded'],
  async handle(call) {
    const deletions = call.body.items.map(({ hash, at }) => ({ hash: Uint8Array.fromHex(hash), at }))
    await addDeletions({ actor: administrator(call), deletions }, call.deps)
    return { status: 200, body: { status: 'ok' as const } }
  },
})

const replayRoute = route({
  ...about,
  method: 'POST',
  path: '/control/deletions/replay',
  operationId: 'controlReplayDeletions',
  summary: 'Delete again whom the ledger names, among a stretch of the users',
  patient: true,
  body: Type.Object({ after: textOrNull({}) }, closed),
  responses: {
    200: {
      description: 'What was done, and where the next stretch begins; null at the end',
      schema: Type.Object({ checked: Type.Integer(), deleted: Type.Integer(), next: textOrNull({}) }, closed),
    },
  },
  errors: ['overloaded'],
  async handle(call) {
    const request = { actor: administrator(call), after: call.body.after }
    return { status: 200, body: await replayDeletions(request, call.caller, call.deps) }
  },
})

const endRestorationRoute = route({
  ...about,
  method: 'POST',
  path: '/control/deletions/end',
  operationId: 'controlEndRestoration',
  summary: 'End every session and link, and drop the mail that waits',
  patient: true,
  responses: {
    200: {
      description: 'Whether there is an administrator',
      schema: Type.Object({ has_admin: Type.Boolean() }, closed),
    },
  },
  errors: ['overloaded'],
  async handle(call) {
    const request = { actor: administrator(call), detail: 'deletions replayed' }
    const { hasAdmin } = await endRestoration(request, call.caller, call.deps)
    return { status: 200, body: { has_admin: hasAdmin } }
  },
})

export const controlBackupRoutes = [backUpRoute, addDeletionsRoute, replayRoute, endRestorationRoute]
