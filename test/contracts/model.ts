import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { ProfileChange, Store } from '../../src/domain/ports/store.ts'
import {
  hashOfId,
  newEvent,
  newId,
  newMail,
  newSession,
  newToken,
  newTrail,
  release,
} from '../support/store-fixtures.ts'
import type { Harness, OpenedStore } from './harness.ts'
import * as model from './model-rules.ts'

/** C17: random sequences of steps do to the store what they do to plain data, step by step. */
export function modelContract(harness: Harness): void {
  suite('the model', () => {
    test('every sequence of steps leaves the store in the state that the rules give', async (t) => {
      const opened = await harness.open(t)
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 40, size: 'max' }), async (steps) => {
          const world = newWorld(opened)
          for (const who of [0, 1]) await plays.register(world, { ...firstStep, who, name: who, email: who })
          for (const step of steps) {
            await step.play(world, step)
            await assertSame(world)
          }
        }),
        { numRuns: release ? 5000 : Math.ceil(100 * (harness.share ?? 1)) },
      )
    })
  })
}

/** Who does it, with what of the small pools, to which session or token, with which generation. */
interface Step {
  readonly who: number
  readonly name: number
  readonly email: number
  readonly pick: number
  readonly behind: number
}

interface World {
  readonly store: Store
  readonly clock: OpenedStore['clock']
  readonly state: model.State
  readonly names: readonly string[]
  readonly emails: readonly string[]
  /** The user that plays each part now; another one after a deletion. */
  readonly parts: string[]
}

let worlds = 0

function newWorld({ store, clock }: OpenedStore): World {
  worlds += 1
  return {
    store,
    clock,
    state: { users: new Map(), sessions: new Map(), tokens: [] },
    names: ['ann', 'bob', 'eve'].map((name) => `${name}-${worlds}`),
    emails: ['one', 'two', 'six'].map((name) => `${name}-${worlds}@example.com`),
    parts: [newId(), newId(), newId()],
  }
}

function at(pool: readonly string[], index: number): string {
  return pool[index % pool.length] ?? ''
}

/** Does one step to both the store and the model, and compares the outcomes. */
type Play = (world: World, step: Step) => Promise<void>

const register: Play = async ({ store, clock, state, names, emails, parts }, step) => {
  const now = clock.now()
  const id = at(parts, step.who)
  const wanted = { id, username: at(names, step.name), email: at(emails, step.email) }
  const outcome = await store.createUser({ user: model.newcomer(wanted, now) }, newTrail(id))
  assert.deepEqual(model.outcomeOf(outcome), model.register(state, wanted, now))
}

const open: Play = async ({ store, clock, state, parts }, step) => {
  const createdAt = clock.now()
  const user = await store.findUser({ id: at(parts, step.who) })
  if (!user) return
  const session = newSession(user, { createdAt, expiresAt: createdAt + 50_000 })
  const outcome = await store.openSession(session, newTrail(user.id))
  assert.deepEqual(model.outcomeOf(outcome), model.open(state, session))
}

const rotate: Play = async ({ store, clock, state, parts }, step) => {
  const now = clock.now()
  const userId = at(parts, step.who)
  const session = sessionOf(state, userId, step)
  if (!session) return
  const rotation = {
    userId,
    sessionId: session.id,
    generation: session.generation - step.behind,
    refreshKeyId: 1,
    now,
    idleEndsAt: now + 50_000,
    repeatMs: 10_000,
  }
  const outcome = await store.rotateSession(rotation, newTrail(userId))
  assert.deepEqual(model.outcomeOf(outcome), model.rotate(state, rotation))
}

const rename: Play = async (world, step) => {
  const { store, state, names } = world
  const expected = await expectedNow(world, step)
  const change = { ...expected, username: at(names, step.name) }
  const outcome = await store.updateProfile(change, newTrail(change.userId))
  assert.deepEqual(model.outcomeOf(outcome), model.rename(state, change.userId, change))
}

const askAddress: Play = async (world, step) => {
  const { store, state, emails, parts } = world
  const user = await store.findUser({ id: at(parts, step.who) })
  if (!user) return
  const expected = await expectedNow(world, step)
  const email = at(emails, step.email)
  const token = newToken(user, { kind: 'change_email', email, createdAt: expected.now })
  const change = { ...expected, pendingEmail: email, token }
  const outcome = await store.updateProfile(change, newTrail(user.id))
  assert.deepEqual(model.outcomeOf(outcome), model.askAddress(state, token, expected.now))
}

const confirm: Play = async ({ store, clock, state, parts }, step) => {
  const token = tokenOf(state, step)
  if (!token) return
  const owner = step.pick === 5 ? at(parts, step.who) : (token.userId ?? '')
  const by = { userId: owner, now: clock.now() }
  const confirmation = { ...by, hash: token.hash, displaced: newEvent(null) }
  const outcome = await store.confirmEmail(confirmation, newTrail(by.userId))
  assert.deepEqual(model.outcomeOf(outcome), model.confirm(state, token, by))
}

const askReset: Play = async ({ store, clock, state, parts }, step) => {
  const user = await store.findUser({ id: at(parts, step.who) })
  if (!user) return
  const token = newToken(user, { createdAt: clock.now(), expiresAt: clock.now() + 30_000 })
  await store.putToken(token, newMail(user.id))
  model.put(state, token)
}

const reset: Play = async ({ store, clock, state }, step) => {
  const token = tokenOf(state, step)
  if (!token) return
  const to = { passwordHash: `reset-${clock.now()}`, now: clock.now() }
  const reset = { ...to, hash: token.hash, displaced: newEvent(null) }
  const outcome = await store.resetPassword(reset, newTrail(token.userId))
  assert.deepEqual(model.outcomeOf(outcome), model.reset(state, token, to))
}

const changePassword: Play = async ({ store, clock, state, parts }, step) => {
  const userId = at(parts, step.who)
  const session = sessionOf(state, userId, step)
  if (!session) return
  const change = {
    userId,
    sessionId: session.id,
    expectEpoch: session.epoch,
    passwordHash: 'changed',
    now: clock.now(),
  }
  const outcome = await store.changePassword(change, newTrail(userId))
  assert.deepEqual(model.outcomeOf(outcome), model.changePassword(state, change))
}

const remove: Play = async ({ store, clock, state, parts }, step) => {
  const userId = at(parts, step.who)
  const deletion = { userId, expectEpoch: null, idHash: hashOfId(userId), now: clock.now() }
  const outcome = await store.deleteUser(deletion, newTrail(userId))
  assert.deepEqual(model.outcomeOf(outcome), model.remove(state, userId))
  if (outcome.kind === 'deleted') parts[step.who] = newId()
}

const endOthers: Play = async ({ store, clock, state, parts }, step) => {
  const userId = at(parts, step.who)
  const session = sessionOf(state, userId, step)
  if (!session) return
  const which = { userId, allExcept: session.id, now: clock.now() }
  const { ended } = await store.endSessions(which, newTrail(userId))
  assert.equal(ended, model.endOthers(state, session, which.now))
}

const changeRoles: Play = async ({ store, clock, state, parts }, step) => {
  const userId = at(parts, step.who)
  const expectRoles = step.pick === 5 ? ['nobody'] : (state.users.get(userId)?.roles ?? [])
  const roles = step.pick % 2 ? ['user'] : ['user', 'helper']
  const change = { userId, expectRoles, roles, now: clock.now() }
  const outcome = await store.changeAccess(change, newTrail(userId))
  assert.deepEqual(model.outcomeOf(outcome), model.changeRoles(state, change))
}

const signOut: Play = async ({ store, clock, state, parts }, step) => {
  const userId = at(parts, step.who)
  const which = { userId, expectRoles: state.users.get(userId)?.roles ?? [], now: clock.now() }
  const outcome = await store.signOutUser(which, newTrail(userId))
  assert.deepEqual(outcome, model.signOut(state, userId, which.now))
}

const wait: Play = async ({ clock }, step) => clock.advance(step.pick * 4000)

const plays = {
  register,
  open,
  rotate,
  rename,
  askAddress,
  confirm,
  askReset,
  reset,
  changePassword,
  remove,
  endOthers,
  changeRoles,
  signOut,
  wait,
} as const satisfies Record<string, Play>

const firstStep: Step = { who: 0, name: 0, email: 0, pick: 0, behind: 0 }

/** Small pools, so that steps get in each other's way; registering and signing in make the rest possible. */
const anyStep = fc.record({
  play: fc.oneof(
    { weight: 1, arbitrary: fc.constant(plays.remove) },
    { weight: 12, arbitrary: fc.constantFrom(...Object.values(plays).filter((play) => play !== remove)) },
    { weight: 6, arbitrary: fc.constantFrom(plays.register, plays.open, plays.rotate, plays.confirm) },
  ),
  who: fc.nat({ max: 2 }),
  name: fc.nat({ max: 2 }),
  email: fc.nat({ max: 2 }),
  pick: fc.nat({ max: 5 }),
  behind: fc.integer({ min: -1, max: 2 }),
})

async function expectedNow(
  { store, clock, parts }: World,
  step: Step,
): Promise<Pick<ProfileChange, 'userId' | 'expectVersion' | 'expectEpoch' | 'now'>> {
  const userId = at(parts, step.who)
  const user = await store.findUser({ id: userId })
  return {
    userId,
    expectVersion: user?.version ?? 1,
    expectEpoch: user?.epoch ?? 1,
    now: clock.now(),
  }
}

function sessionOf(state: model.State, userId: string, step: Step): model.ModelSession | undefined {
  const sessions = model.sessionsOf(state, userId)
  return sessions[step.pick % Math.max(1, sessions.length)]
}

/** One of the newest, which are the likeliest to be live. */
function tokenOf(state: model.State, step: Step): model.ModelToken | undefined {
  return state.tokens.at(-1 - (step.pick % 3))
}

/** Users, claims and live sessions are those of the model, and there are no others. */
async function assertSame({ store, clock, state, names, emails, parts }: World): Promise<void> {
  const now = clock.now()
  const keys = [...names.map((name) => `u:${name}`), ...emails.map((email) => `e:${email}`)]
  const users = parts.map(async (id) => {
    assert.deepEqual(await store.findUser({ id }), state.users.get(id) ?? null)
    const sessions = await store.listSessions({ userId: id, now })
    const expected = model.sessionsOf(state, id).filter((session) => model.isAlive(state, session, now))
    assert.deepEqual(
      new Set(sessions.map((session) => `${session.id} ${session.generation} ${session.epoch}`)),
      new Set(expected.map((session) => `${session.id} ${session.generation} ${session.epoch}`)),
    )
  })
  const claims = keys.map(async (key) => {
    const found = await store.findUserByIdentifier({ key })
    assert.equal(found?.id, model.holderOf(state, key)?.id, key)
  })
  await Promise.all([...users, ...claims])
}
