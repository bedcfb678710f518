/**
 * Every number that bounds something: inputs, lists, loops, queues, bodies, lifetimes.
 * Units stand last in the names. Changing one is a change of behaviour: add a line to CHANGELOG.md.
 */

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** What a user may type (CONTRACT: rules of the seven operations). */
export const input = {
  usernameMinLength: 3,
  usernameMaxLength: 32,
  /** RFC 5321 section 4.5.3.1: 64 octets of local part; the path limit leaves 254 for the whole address. */
  emailLocalMaxLength: 64,
  emailMaxLength: 254,
  /** What login accepts as an identifier; anything longer can't be one. */
  identifierMaxLength: 320,
  passwordMinCodePoints: 8,
  passwordMaxCodePoints: 256,
  /** A presented password is compared, not chosen: this only bounds the work of reading it. */
  presentedPasswordMaxLength: 1024,
  /** Context words of this many letters or more may not occur in a password. */
  contextWordMinLength: 4,
  nameMaxLength: 100,
  bioMaxLength: 500,
  urlMaxLength: 2048,
  profileMaxBytes: 4096,
  localeMaxLength: 35,
  deviceNameMaxLength: 100,
  userAgentMaxLength: 256,
  idempotencyKeyMaxLength: 255,
} as const

/** The HTTP edge (security: section 5.13). */
export const http = {
  bodyMaxBytes: 16 * 1024,
  headersMaxBytes: 8 * 1024,
  headersTimeoutMs: 10 * SECOND_MS,
  requestTimeoutMs: 15 * SECOND_MS,
  keepAliveTimeoutMs: 65 * SECOND_MS,
  requestsPerSocket: 1000,
  pathParameterMaxLength: 8 * 1024,
  jsonMaxDepth: 8,
  jsonMaxKeys: 64,
  /** More than a body within its limits can have: 16 KiB hold fewer than 8,192 members. */
  fieldErrorsMax: 8192,
  /** A bearer token longer than this is refused before it is decoded. */
  accessTokenMaxBytes: 4096,
  staticMaxAgeSeconds: 600,
  inboxWaitMaxSeconds: 30,
  inboxPollMs: 100,
  /** How long an answer asks to wait when the store or the hash queue is busy. */
  retryAfterSeconds: 2,
  drainMs: 10 * SECOND_MS,
  drainPollMs: 100,
  /** How long a stop tries to get the last mails out. */
  flushMs: 5 * SECOND_MS,
  /** How long it then waits for a delivery that was cut off to be put back. */
  cutOffMs: SECOND_MS,
} as const

export const lifetimes = {
  accessTokenSeconds: 600,
  clockSkewSeconds: 5,
  verifiedTokenCacheEntries: 10_000,
  sessionIdleMs: 14 * DAY_MS,
  sessionAbsoluteMs: 30 * DAY_MS,
  /** A lost answer or a second tab gets the same successor for so long (RFC 9700 section 4.14). */
  refreshRepeatMs: 60 * SECOND_MS,
  freshAuthenticationMs: 5 * MINUTE_MS,
  resetTokenMs: 30 * MINUTE_MS,
  verifyTokenMs: 24 * HOUR_MS,
  setPasswordTokenMs: 7 * DAY_MS,
  idempotencyMs: 24 * HOUR_MS,
  /** Expired rows stay this much longer, so that "expired" and "used" can be told from "unknown". */
  purgeDelayMs: 24 * HOUR_MS,
  auditMs: 400 * DAY_MS,
  noticeMailMs: 3 * DAY_MS,
  signingKeyReloadMs: 60 * SECOND_MS,
  unknownKidReloadMs: 5 * SECOND_MS,
} as const

export const queues = {
  sessionsPerUser: 50,
  /** argon2 work that may wait, in milliseconds of estimated work; beyond it 503. */
  hashQueueMaxMs: 4000,
  hashEstimateMs: 10,
  writesPerTransaction: 128,
  writesWaiting: 5000,
  inboxMessages: 500,
  profileRetries: 20,
  sweepRowsPerStep: 1000,
} as const

export const mail = {
  pollMs: 250,
  batch: 64,
  leaseMs: 2 * MINUTE_MS,
  /** Waits before the second, third, … attempt; the last one repeats until the mail is no longer wanted. */
  retryMs: [5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS],
  smtpTimeoutMs: 30 * SECOND_MS,
} as const

export const store = {
  ownerWaitMs: 5 * SECOND_MS,
  busyTimeoutMs: 5 * SECOND_MS,
  truncateEveryMs: SECOND_MS,
  scrubIdleMs: 60 * SECOND_MS,
  scrubLatestMs: DAY_MS,
  sweepEveryMs: 10 * MINUTE_MS,
  walAutocheckpointPages: 10_000,
  journalSizeLimitBytes: 64 * 1024 * 1024,
} as const
