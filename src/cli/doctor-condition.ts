/** What the server, or the store opened without one, says of itself. */
import { checkup as limits } from '../domain/limits.ts'
import { verdict, type Check } from './check.ts'
import type { Row } from './output.ts'
import { rowsOf, textOf } from './with-control.ts'

const DAY_MS = 86_400_000

/** When it was asked for and when it came, by the clock of this machine. */
interface Between {
  readonly asked: number
  readonly answered: number
}

/** What follows from it. */
export function conditionChecks(found: Row, between: Between): readonly Check[] {
  const now = Date.parse(textOf(found, 'now'))
  return [
    storeCheck(found),
    keysCheck(found, now),
    clockCheck(now, between),
    mailCheck(found, now),
    hashCheck(Number(found['hash_ms'])),
    adminCheck(found['has_admin'] === true),
  ]
}

function storeCheck(found: Row): Check {
  const writable = found['writable'] === true
  const detail = writable ? 'reached, and takes writes' : textOf(found, 'detail')
  return verdict('store', detail, writable ? null : ['fail', 'Look at the database and its disk.'])
}

function keysCheck(found: Row, now: number): Check {
  const keys = rowsOf(found['keys'])
  const active = keys.find(({ state }) => state === 'active')
  const next = keys.some(({ state }) => state === 'next')
  if (!active || !next) {
    const missing = active ? 'no next key' : 'no active key'
    return verdict('signing keys', missing, ['fail', 'Start the server; it makes the keys that are missing.'])
  }
  const since = Date.parse(textOf(active, 'activated_at') || textOf(active, 'created_at'))
  const days = Math.floor((now - since) / DAY_MS)
  const old = days > limits.keyWarnDays
  const remedy = 'Run "user-management keys rotate"; a running server does it after 90 days.'
  return verdict(
    'signing keys',
    `active for ${days} days, the next one is there`,
    old ? ['warn', remedy] : null,
  )
}

/** The answer took its time: only what lies outside of that is a difference. */
function clockCheck(now: number, { asked, answered }: Between): Check {
  const seconds = Math.max(0, asked - now, now - answered) / 1000
  const wrong = seconds * 1000 > limits.clockDifferenceMs
  const remedy = 'Set the clock by NTP: lifetimes of tokens and links hang on it.'
  return verdict('clock', `${seconds.toFixed(1)} s from that of the server`, wrong ? ['fail', remedy] : null)
}

function mailCheck(found: Row, now: number): Check {
  const waiting = Number(found['mail_waiting'])
  const dueAt = textOf(found, 'mail_oldest_due_at')
  const lateMs = dueAt === '' ? 0 : Math.max(0, now - Date.parse(dueAt))
  const late = lateMs > limits.mailLateMs
  const detail = `${waiting} mails wait, the oldest for ${Math.round(lateMs / 1000)} s`
  const remedy = 'See whether a server runs, and whether the mail server takes mail.'
  return verdict('outbox', detail, late ? ['warn', remedy] : null)
}

function hashCheck(ms: number): Check {
  const slow = ms > limits.hashWarnMs
  const remedy = 'Sign-ins will be slow: give the server more of a core, or stop what else runs here.'
  return verdict('password hash', `${Math.round(ms)} ms`, slow ? ['warn', remedy] : null)
}

function adminCheck(there: boolean): Check {
  const remedy = 'Run "user-management users create <username> <email> --role admin --verified".'
  return verdict('administrator', there ? 'there is one' : 'there is none', there ? null : ['warn', remedy])
}
