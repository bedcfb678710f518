import Type from 'typebox'
import { refuseInvalid, fieldError } from '../../domain/errors.ts'
import { input, lists } from '../../domain/limits.ts'
import { seedUsers } from '../../domain/seed.ts'
import { condition, scrubData, verifyData } from '../../domain/upkeep.ts'
import { okSchema } from '../answers.ts'
import { closed } from '../fields.ts'
import { administrator, route } from '../route.ts'
import { timestamp, timestampOrNull } from '../wire.ts'

const about = { tag: 'Operation', access: 'operator', undocumented: true } as const
const TimeOrNull = Type.Union([Type.String(), Type.Null()])

const conditionRoute = route({
  ...about,
  method: 'GET',
  path: '/control/condition',
  operationId: 'controlCondition',
  summary: 'How the server and its data are',
  responses: {
    200: {
      description: 'What a check-up asks for',
      schema: Type.Object(
        {
          now: Type.String(),
          writable: Type.Boolean(),
          detail: Type.String(),
          keys: Type.Array(
            Type.Object(
              { state: Type.String(), created_at: Type.String(), activated_at: TimeOrNull },
              closed,
            ),
          ),
          mail_waiting: Type.Integer(),
          mail_oldest_due_at: TimeOrNull,
          has_admin: Type.Boolean(),
          hash_ms: Type.Number(),
        },
        closed,
      ),
    },
  },
  errors: ['overloaded'],
  async handle(call) {
    const stopwatch = () => performance.now()
    const found = await condition({ actor: administrator(call), stopwatch }, call.deps)
    return {
      status: 200,
      body: {
        now: timestamp(found.now),
        writable: found.writable,
        detail: found.detail,
        keys: found.keys.map(({ state, createdAt, activatedAt }) => ({
          state,
          created_at: timestamp(createdAt),
          activated_at: timestampOrNull(activatedAt),
        })),
        mail_waiting: found.mail.waiting,
        mail_oldest_due_at: timestampOrNull(found.mail.oldestDueAt),
        has_admin: found.hasAdmin,
        hash_ms: found.hashMs,
      },
    }
  },
})

const Cursor = Type.Union([Type.String({ maxLength: lists.cursorMaxLength }), Type.Null()])

const verifyRoute = route({
  ...about,
  method: 'POST',
  path: '/control/verify',
  operationId: 'controlVerify',
  summary: 'Check a stretch of the data against itself',
  patient: true,
  body: Type.Object({ cursor: Cursor }, closed),
  responses: {
    200: {
      description: 'What should not be, and where the next stretch begins; null at the end',
      schema: Type.Object(
        {
          checked: Type.Integer(),
          findings: Type.Array(
            Type.Object({ kind: Type.String(), where: Type.String(), id: Type.String() }, closed),
          ),
          cursor: Type.Union([Type.String(), Type.Null()]),
        },
        closed,
      ),
    },
  },
  errors: [],
  async handle(call) {
    const { checked, findings, cursor } = await verifyData(
      { actor: administrator(call), cursor: call.body.cursor },
      call.deps,
    )
    return { status: 200, body: { checked, findings: findings.map((each) => ({ ...each })), cursor } }
  },
})

const scrubRoute = route({
  ...about,
  method: 'POST',
  path: '/control/scrub',
  operationId: 'controlScrub',
  summary: 'Rewrite free space',
  patient: true,
  responses: { 200: { description: 'Nothing deleted is readable in it any more', schema: okSchema } },
  errors: ['overloaded'],
  async handle(call) {
    await scrubData(administrator(call), call.deps)
    return { status: 200, body: { status: 'ok' as const } }
  },
})

const seedRoute = route({
  ...about,
  method: 'POST',
  path: '/control/seed',
  operationId: 'controlSeed',
  summary: 'Add made-up users',
  patient: true,
  body: Type.Object(
    {
      from: Type.Integer({ minimum: 1, maximum: lists.seedUsersMax }),
      count: Type.Integer({ minimum: 1, maximum: lists.seedStep }),
      password: Type.String({ minLength: 1, maxLength: input.presentedPasswordMaxLength }),
      in_production: Type.Boolean(),
    },
    closed,
  ),
  responses: {
    200: {
      description: 'What became of them',
      schema: Type.Object({ added: Type.Integer(), repeated: Type.Integer(), taken: Type.Integer() }, closed),
    },
  },
  errors: ['overloaded'],
  async handle(call) {
    const { in_production: allowed, ...step } = call.body
    // The server knows its mode; the command may have been given other settings.
    if (call.surroundings.mode === 'production' && !allowed) {
      const message = 'This server runs in production mode, where made-up users need --yes'
      refuseInvalid([fieldError('/in_production', 'field_format', message)])
    }
    const seeded = await seedUsers({ actor: administrator(call), step }, call.caller, call.deps)
    return { status: 200, body: { ...seeded } }
  },
})

export const controlUpkeepRoutes = [conditionRoute, verifyRoute, scrubRoute, seedRoute]
