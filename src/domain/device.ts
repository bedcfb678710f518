import type { Caller, Deps } from './deps.ts'
import { guessing, input } from './limits.ts'
import { notice } from './notice.ts'
import { bucket } from './throttle.ts'
import type { DeviceTokenParts } from './ports/crypto.ts'
import type { OutgoingMail } from './ports/records.ts'
import type { User } from './user.ts'

/**
 * The device of this token, if it has signed in as this user before, and not too long ago. It proves no
 * password: strangers' failures just don't count against it.
 */
export function knownDevice(token: string | null, user: User | null, deps: Deps): DeviceTokenParts | null {
  const device = token === null ? null : deps.secrets.openDeviceToken(token)
  if (!device || device.userId !== user?.id || device.deviceEpoch !== user.deviceEpoch) return null
  return deps.clock.now() - device.issuedAt < guessing.deviceTokenMs ? device : null
}

/** The token that the device bears from now on. */
export function deviceTokenFor(user: User, known: DeviceTokenParts | null, deps: Deps): string {
  return deps.secrets.deviceToken({
    userId: user.id,
    deviceId: known?.deviceId ?? deps.ids.next(),
    issuedAt: deps.clock.now(),
    deviceEpoch: user.deviceEpoch,
  })
}

/**
 * The notice of a sign-in from a device that nobody knows: it bears no token, and no live session has its
 * user agent. None for the very first sign-in, and one an hour at most.
 */
export async function newDeviceNotice(
  user: User,
  known: DeviceTokenParts | null,
  { caller, deps }: { readonly caller: Caller; readonly deps: Deps },
): Promise<OutgoingMail | null> {
  if (known || user.lastSignInAt === null) return null
  const now = deps.clock.now()
  const userAgent = readUserAgent(caller)
  const sessions = userAgent === null ? [] : await deps.store.listSessions({ userId: user.id, now })
  if (sessions.some((session) => session.userAgent === userAgent)) return null
  const hits = [
    { key: bucket('new-device', user.id, deps), cost: 1, limit: 1, windowMs: guessing.newDeviceNoticeMs },
  ]
  const [hit] = await deps.store.hit({ hits, now })
  if (!hit?.admitted) return null
  return notice({ kind: 'new_device', userId: user.id, to: null }, deps)
}

/** As it is stored with a session. */
export function readUserAgent(caller: Caller): string | null {
  return caller.userAgent?.slice(0, input.userAgentMaxLength).toWellFormed() ?? null
}
