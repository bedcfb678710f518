/** Records of users as an export has them: distinct, in the order of their creation, valid everywhere. */
import { recordOf } from '../../src/domain/user-record.ts'
import { seedUser } from '../../src/domain/seed.ts'
import { firstState } from '../../src/domain/user-changes.ts'

const hash =
  '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hhc2hoYXNoYXNoaGFzaGFzaGhhc2hhc2g'

/** A line of NDJSON each. */
export function recordLines(count: number): readonly string[] {
  return Array.from({ length: count }, (_, place) => recordLine(place + 1))
}

function recordLine(number: number): string {
  const user = seedUser(number, hash)
  const signedIn = number % 3 === 0 ? { lastSignInAt: user.createdAt + 5 } : {}
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')
  // Many programs have ids that don't grow with time.
  const random = `${hex((number * 2_654_435_761) % 2 ** 32, 8)}-0000-4000-8000-${hex(number, 12)}`
  const id = number % 4 === 0 ? { id: random } : {}
  return JSON.stringify(recordOf(firstState({ ...user, ...id, ...signedIn, updatedAt: user.createdAt + 7 })))
}
