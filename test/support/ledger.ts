/** What clients of a server know for certain: every change that was acknowledged, and the one that was under way. */
import type { Answer, Body, Client } from './process-client.ts'

/** More than one account can have asked for, those whose answer never came included. */
const MAILS_MAX = 500

/** A request whose answer never came: it may have happened, whole, or not at all. */
type UnderWay = 'register' | 'login' | 'update' | 'refresh' | 'ask' | 'confirm' | 'delete'

export interface Account {
  readonly username: string
  readonly email: string
  there: boolean
  password: string
  /** The one before the last acknowledged reset; must be refused from then on. */
  formerPassword: string | null
  /** The one that a reset under way would set. */
  nextPassword: string
  /** Written into the profile with each update. */
  counter: number
  /** The highest one that was ever sent. */
  sent: number
  access: string | null
  refresh: string | null
  device: string | null
  /** Of an ended session, or of before the deletion; must be refused from then on. */
  dead: { readonly access: string; readonly refresh: string } | null
  resetsAsked: number
  lastMail: string | null
  underWay: UnderWay | null
}

export interface Ledger {
  readonly accounts: readonly Account[]
  acknowledged: number
  /** Requests that were under way at a crash. */
  unanswered: number
  /** Everything that is not as it was acknowledged. */
  readonly lost: string[]
}

export type Random = () => number

/** A sequence that a seed repeats (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function newLedger(accounts: number): Ledger {
  const names = Array.from({ length: accounts }, (_, index) => `ledger-${index}`)
  return { accounts: names.map(newAccount), acknowledged: 0, unanswered: 0, lost: [] }
}

function newAccount(username: string): Account {
  return {
    username,
    email: `${username}@bank.example`,
    there: false,
    password: 'first of many words',
    formerPassword: null,
    nextPassword: '',
    counter: 0,
    sent: 0,
    access: null,
    refresh: null,
    device: null,
    dead: null,
    resetsAsked: 0,
    lastMail: null,
    underWay: null,
  }
}

/** Waits until the moment of the kill has come. */
export function momentIn(ms: number): Promise<void> {
  return new Promise((come) => setTimeout(come, ms))
}

/** Uses the account, one request after the other, until the server does not answer any more. */
export async function live(account: Account, ledger: Ledger, how: { call: Client; random: Random }) {
  try {
    for (;;) await step(account, ledger, how)
  } catch (error) {
    if (!(error instanceof TypeError)) ledger.lost.push(`${account.username}: ${String(error)}`)
    else if (account.underWay) ledger.unanswered += 1
  }
}

/** Sends, and throws (a TypeError, as fetch does) where no answer comes: then it stays under way. */
async function send(account: Account, what: UnderWay, asked: Promise<Answer>): Promise<Body> {
  account.underWay = what
  const { status, text, body } = await asked
  account.underWay = null
  if (status >= 300) throw new Error(`${what} answers ${status} ${text}`)
  return body
}

async function step(account: Account, ledger: Ledger, { call, random }: { call: Client; random: Random }) {
  const chance = random()
  if (!account.there) await register(account, call)
  else if (account.access === null || chance < 0.05) await signIn(account, call)
  else if (chance < 0.75) await update(account, call)
  else if (chance < 0.85) await rotate(account, call)
  else if (chance < 0.93) await reset(account, call, `${Math.floor(random() * 1e9)} more words`)
  else await remove(account, call)
  ledger.acknowledged += 1
}

async function register(account: Account, call: Client): Promise<void> {
  const { username, email, password } = account
  await send(account, 'register', call('POST /users/register', { body: { username, email, password } }))
  registered(account)
}

function registered(account: Account): void {
  Object.assign(account, { there: true, formerPassword: null, counter: 0, sent: 0, resetsAsked: 0 })
  Object.assign(account, { access: null, refresh: null, device: null, dead: null, lastMail: null })
}

async function signIn(account: Account, call: Client): Promise<void> {
  const body = await send(account, 'login', call('POST /users/login', { body: attempt(account) }))
  Object.assign(account, tokensOf(body))
}

async function update(account: Account, call: Client): Promise<void> {
  account.sent += 1
  const body = { profile: { display_name: String(account.sent) } }
  const token = account.access ?? ''
  await send(account, 'update', call('PUT /users/profile', { token, body }))
  account.counter = account.sent
}

async function rotate(account: Account, call: Client): Promise<void> {
  const body = { refresh_token: account.refresh }
  const tokens = await send(account, 'refresh', call('POST /users/token/refresh', { body }))
  Object.assign(account, { access: tokens.access_token, refresh: tokens.refresh_token })
}

/** Through the inbox, as a person would: the mail of an earlier request may come first, with a link that is used up. */
async function reset(account: Account, call: Client, password: string): Promise<void> {
  const { email } = account
  await send(account, 'ask', call('POST /users/reset-password', { body: { email } }))
  account.resetsAsked += 1
  for (let mails = 0; mails < MAILS_MAX; mails += 1) {
    const after: Record<string, string> = account.lastMail === null ? {} : { after: account.lastMail }
    const query = new URLSearchParams({ to: email, kind: 'reset_password', wait: '10', ...after })
    const mail = (await call(`GET /dev/mail/messages?${query.toString()}`)).body.messages.at(-1)
    if (!mail) throw new Error('no mail came')
    account.lastMail = mail.id
    account.nextPassword = password
    account.underWay = 'confirm'
    const confirmed = await call(`POST /users/reset-password/${mail.tokens[0]}`, { body: { password } })
    account.underWay = null
    if (confirmed.status === 200) {
      account.device = confirmed.body.device_token
      return passwordChanged(account)
    }
    if (confirmed.body.code !== 'reset_token_used') throw new Error(`a reset answers ${confirmed.text}`)
  }
  throw new Error('every mailed link is used up')
}

function passwordChanged(account: Account): void {
  const { password, nextPassword } = account
  Object.assign(account, { formerPassword: password, password: nextPassword })
  ended(account)
}

function ended(account: Account): void {
  const { access, refresh } = account
  account.dead = access !== null && refresh !== null ? { access, refresh } : null
  Object.assign(account, { access: null, refresh: null })
}

/** Signed in less than five minutes ago, so without the password. */
async function remove(account: Account, call: Client): Promise<void> {
  await send(account, 'delete', call('DELETE /users/delete', { token: account.access ?? '' }))
  account.there = false
  ended(account)
}

/** After a restart: holds the server to everything acknowledged, and finds out how what was under way ended. */
export async function settle(account: Account, ledger: Ledger, call: Client): Promise<void> {
  const { underWay, username } = account
  const lose = (what: string): void => void ledger.lost.push(`${username}: ${what} (${underWay ?? 'idle'})`)
  if (account.dead) await mustBeDead(account.dead, { call, lose })
  if (underWay === 'confirm' && (await opens(account, account.nextPassword, call))) passwordChanged(account)
  else if (underWay === 'delete' && !(await opens(account, account.password, call))) account.there = false
  else if (underWay === 'register' && (await opens(account, account.password, call))) registered(account)
  account.underWay = null
  if (account.there) await mustHold(account, { call, lose, underWay })
  else await mustBeGone(account, { call, lose })
}

interface Check {
  readonly call: Client
  readonly lose: (what: string) => void
}

async function opens(account: Account, password: string, call: Client): Promise<boolean> {
  return (await call('POST /users/login', { body: attempt(account, password) })).status === 200
}

/** As a known device: what was under way at a kill, and whoever tries old passwords, counts against strangers. */
function attempt({ email, password, device }: Account, other?: string): object {
  return { email, password: other ?? password, ...(device !== null && { device_token: device }) }
}

function tokensOf(body: Body) {
  return { access: body.access_token, refresh: body.refresh_token, device: body.device_token }
}

async function mustHold(account: Account, { call, lose, underWay }: Check & { underWay: UnderWay | null }) {
  const { formerPassword, access, refresh, counter, sent } = account
  const { status, body } = await call('POST /users/login', { body: attempt(account) })
  if (status !== 200) return lose(`the acknowledged password is refused with ${status}`)
  const found = Number(body.user.profile['display_name'] ?? 0)
  if (found < counter || found > sent) lose(`the profile says ${found}, acknowledged was ${counter}`)
  account.counter = found
  if (formerPassword !== null && (await opens(account, formerPassword, call)))
    lose('the password of before the reset still opens the account')
  // Of a login under way nobody knows the tokens; the session of before it is still the one to check.
  if (access !== null && refresh !== null && underWay !== 'confirm') {
    const read = await call('GET /users/profile', { token: access })
    if (read.status !== 200) lose(`the session of an acknowledged login is refused with ${read.status}`)
    const rotated = await call('POST /users/token/refresh', { body: { refresh_token: refresh } })
    if (rotated.status !== 200) lose(`the newest refresh token is refused with ${rotated.status}`)
  }
  Object.assign(account, { ...tokensOf(body), dead: null })
}

/** Refused, and nothing half there: name and address can be registered again at once. */
async function mustBeGone(account: Account, { call, lose }: Check): Promise<void> {
  const { username, email, password } = account
  if (await opens(account, password, call)) return lose('a deleted account can be signed in to')
  const { status, text } = await call('POST /users/register', { body: { username, email, password } })
  if (status === 201) registered(account)
  else lose(`something of it is still there: registering answers ${status} ${text}`)
}

async function mustBeDead(dead: { access: string; refresh: string }, { call, lose }: Check): Promise<void> {
  const read = await call('GET /users/profile', { token: dead.access })
  if (read.status !== 401) lose(`the access token of an ended session answers ${read.status}`)
  const rotated = await call('POST /users/token/refresh', { body: { refresh_token: dead.refresh } })
  if (rotated.status !== 401) lose(`the refresh token of an ended session answers ${rotated.status}`)
}
