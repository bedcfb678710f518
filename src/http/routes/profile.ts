import { profileUpdateErrors, updateProfile } from '../../domain/profile.ts'
import { route, signedInActor } from '../route.ts'
import { userSchema } from '../answers.ts'
import { profileUpdateBody } from '../requests.ts'
import { etag, wireUser } from '../wire.ts'

const ETAGS = /^ *"[0-9]{1,15}"( *, *"[0-9]{1,15}")* *$/
const versioned = { ETag: 'The version of the user, for If-Match' }

const profileReadRoute = route({
  method: 'GET',
  path: '/users/profile',
  operationId: 'profileRead',
  tag: 'Account',
  summary: 'Read my account',
  access: 'owner',
  responses: { 200: { description: 'The user', schema: userSchema, headers: versioned } },
  errors: [],
  async handle(call) {
    const { user } = signedInActor(call)
    return { status: 200, body: wireUser(user), headers: { etag: etag(user) } }
  },
})

const profileUpdateRoute = route({
  method: 'PUT',
  path: '/users/profile',
  operationId: 'profileUpdate',
  tag: 'Account',
  summary: 'Change my account',
  description:
    'Any subset of the fields. A new address becomes pending and counts once the link mailed to it is' +
    ' confirmed; asking for it needs a password proof of the last five minutes. A taken address is refused,' +
    ' or, under UM_REGISTRATION_DISCLOSURE=strict, becomes pending like a free one while its owner is told' +
    ' by mail.',
  access: 'owner',
  requestHeaders: { 'If-Match': 'Write only if the user still has this ETag.' },
  body: profileUpdateBody,
  responses: { 200: { description: 'The user as it is now', schema: userSchema, headers: versioned } },
  errors: [
    'fresh_authentication_required',
    'profile_changed',
    'email_taken',
    'username_taken',
    'rate_limited',
    'overloaded',
  ],
  fieldErrors: (body, call) => profileUpdateErrors(body, signedInActor(call).user, call.deps),
  async handle(call) {
    const request = {
      actor: signedInActor(call),
      update: call.body,
      ifMatch: versions(call.header('if-match')),
    }
    const user = await updateProfile(request, call.caller, call.deps)
    return { status: 200, body: wireUser(user), headers: { etag: etag(user) } }
  },
})

/** The versions of an `If-Match`; a malformed one names none, and so matches none. */
function versions(header: string | undefined): readonly number[] | '*' | null {
  if (header === undefined) return null
  if (header.trim() === '*') return '*'
  return ETAGS.test(header) ? [...header.matchAll(/[0-9]+/g)].map(([digits]) => Number(digits)) : []
}

export const profileRoutes = [profileReadRoute, profileUpdateRoute]
