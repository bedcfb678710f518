import Type from 'typebox'
import { exportUsers } from '../../domain/export-users.ts'
import { importUsers, type ImportVerdict } from '../../domain/import-users.ts'
import { lists, moving } from '../../domain/limits.ts'
import type { JsonObject } from '../../domain/ports/runtime.ts'
import { closed } from '../fields.ts'
import { administrator, route } from '../route.ts'

const about = { tag: 'Operation', access: 'operator', undocumented: true, patient: true, bulk: true } as const
/** The rules look at each of them; see `user-record.ts`. */
const records = Type.Unsafe<readonly JsonObject[]>({
  type: 'array',
  maxItems: moving.rowsPerStep,
  items: { type: 'object', additionalProperties: true },
})
const text = Type.String()
const cursor = Type.Union([Type.String({ maxLength: lists.cursorMaxLength }), Type.Null()])

const importUsersRoute = route({
  ...about,
  method: 'POST',
  path: '/control/users/import',
  operationId: 'controlImportUsers',
  summary: 'Take in users as they were elsewhere',
  body: Type.Object(
    {
      records,
      created_at: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      without_unknown_hashes: Type.Boolean(),
      dry_run: Type.Boolean(),
    },
    closed,
  ),
  responses: {
    200: {
      description: 'What became of each of them',
      schema: Type.Object(
        {
          verdicts: Type.Array(
            Type.Object(
              {
                kind: text,
                id: Type.Optional(text),
                hash_left_out: Type.Optional(Type.Boolean()),
                errors: Type.Optional(
                  Type.Array(Type.Object({ pointer: text, code: text, message: text }, closed)),
                ),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    },
  },
  errors: ['overloaded'],
  async handle(call) {
    const { records, created_at: createdAt, without_unknown_hashes, dry_run: dryRun } = call.body
    const batch = { records, createdAt, withoutUnknownHashes: without_unknown_hashes, dryRun }
    const verdicts = await importUsers({ actor: administrator(call), batch }, call.caller, call.deps)
    return { status: 200, body: { verdicts: verdicts.map(wireVerdict) } }
  },
})

const exportUsersRoute = route({
  ...about,
  method: 'POST',
  path: '/control/users/export',
  operationId: 'controlExportUsers',
  summary: 'A stretch of all users, with their password hashes',
  body: Type.Object({ cursor }, closed),
  responses: {
    200: {
      description: 'The next users, and where the next stretch begins; null at the end',
      schema: Type.Object({ records, next: Type.Union([Type.String(), Type.Null()]) }, closed),
    },
  },
  errors: [],
  async handle(call) {
    const request = { actor: administrator(call), cursor: call.body.cursor }
    return { status: 200, body: await exportUsers(request, call.deps) }
  },
})

function wireVerdict(verdict: ImportVerdict) {
  if (verdict.kind === 'rejected')
    return { kind: verdict.kind, errors: verdict.errors.map((each) => ({ ...each })) }
  return { kind: verdict.kind, id: verdict.id, hash_left_out: verdict.hashLeftOut }
}

export const controlMoveUsersRoutes = [importUsersRoute, exportUsersRoute]
