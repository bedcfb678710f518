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
  /** The policy `nist`: a password is all that there is (NIST SP 800-63B-4 section 3.1.1). */
  nistPasswordMinCodePoints: 15,
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
  /** Languages of an Accept-Language header that are looked at. */
  acceptedLanguagesMax: 32,
  deviceNameMaxLength: 100,
  deviceTokenMaxLength: 1024,
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
  /** How often connections are held to these times; by itself the library looks every 30 seconds only. */
  timeoutCheckMs: 500,
  /** A connection on which nothing moves, such as that of a client that does not read its answer. */
  silenceMs: 75 * SECOND_MS,
  /** How long a client has to close a connection that has been refused. */
  lingerMs: SECOND_MS,
  /** How much of a too large body is read, so that the refusal arrives: as much as nginx lets through. */
  discardMaxBytes: 1024 * 1024,
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
  /** Of requests that are refused in an overload, one line so often. */
  overloadToldEveryMs: SECOND_MS,
  /** Every request is answered by then, whatever its store does: ten seconds are promised. */
  answerMs: 9 * SECOND_MS,
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
  setupTokenMs: 30 * MINUTE_MS,
  idempotencyMs: 24 * HOUR_MS,
  /** Expired rows stay this much longer, so that "expired" and "used" can be told from "unknown". */
  purgeDelayMs: 24 * HOUR_MS,
  auditMs: 400 * DAY_MS,
  /** How long it is known that a user was deleted; no backup may be older when it comes back. */
  deletionLedgerMs: 400 * DAY_MS,
  noticeMailMs: 3 * DAY_MS,
  signingKeyReloadMs: 60 * SECOND_MS,
  /** A key that has signed for so long is replaced by the next one. */
  signingKeyRotationMs: 90 * DAY_MS,
  unknownKidReloadMs: 5 * SECOND_MS,
  /** How often a process whose store was away at the start tries to read the signing keys. */
  keyringRetryMs: SECOND_MS,
} as const

/** Password hashing and the secrets on disk. */
export const crypto = {
  /** The longest is that of Firebase, which carries two keys. */
  storedHashMaxLength: 512,
  /**
   * What a stored hash may ask of us. A row of another origin must not be able to take all memory (an m of 4
   * GiB) or a thread for minutes: at its bounds each kind takes a second or two, and 256 MiB at the most.
   */
  phc: {
    memoryKib: [8, 256 * 1024],
    passes: [1, 10],
    lanes: [1, 8],
    saltBytes: [8, 64],
    tagBytes: [16, 64],
    /** Memory times passes. */
    workMaxKib: 1024 * 1024,
  },
  bcrypt: { cost: [4, 14] },
  /** 128 times N times r is memory, and that times p is work (RFC 7914 section 2). */
  scrypt: { memoryMaxBytes: 256 * 1024 * 1024, workMaxBytes: 512 * 1024 * 1024 },
  /** Counted for each block of the digest's size in the tag. */
  pbkdf2: { iterationsMax: 2_000_000 },
  foreignSaltBytes: [1, 64],
  /** A hash thread that has had no work for so long ends; one stays. */
  hashThreadIdleMs: 30 * SECOND_MS,
  /** When the one that stays is started, unless a hash comes earlier: so as not to slow the start. */
  hashThreadWarmUpMs: SECOND_MS,
  /**
   * How far the hash threads give way to all other threads of the machine (Linux): a third of a share. A read
   * under a flood of sign-ins then waits half as long where MongoDB runs on the same machine.
   */
  hashThreadNiceness: 5,
  masterKeyMinBytes: 32,
  /** Far more than any key; keeps a wrong path (a database, a device) from being read whole. */
  masterKeyFileMaxBytes: 4096,
  /** The key that seals, and older ones that still open. */
  masterKeysMax: 8,
  /** Races for the keyring that are lost before giving up; each means that another node won. */
  keyringSwapAttempts: 10,
} as const

/** Lists of passwords to refuse, besides the built-in one. */
export const passwordLists = {
  /** A larger file stays on disk and is read where it is asked. */
  memoryMaxBytes: 64 * 1024 * 1024,
  /** 8 bytes of each are kept in memory while a list is built. */
  entriesMax: 4_000_000_000,
  /** A filter of its own for about so many, up to 2 ** 12 filters. */
  shardEntries: 1_000_000,
  shardBitsMax: 12,
  /** Four bytes for each character that a password may have. */
  lineMaxBytes: 4 * 256,
  linesPerReport: 5_000_000,
  readBytes: 1024 * 1024,
} as const

/** The service that is asked whether a password has been in a breach. */
export const passwordRange = {
  answerMs: SECOND_MS,
  /** A range has some 2,000 lines of 40 bytes today. */
  answerMaxBytes: 512 * 1024,
  atOnce: 16,
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
  /** Users are erased with whatever holds them: fewer at a time. */
  sweepUsersPerStep: 100,
} as const

/** Files that settings name: roles, a profile schema, passwords and other secrets. */
export const configuration = { fileMaxBytes: 64 * 1024 } as const

/** The operator's own mail templates. Mail programs cut off what is longer than some 100 kB. */
export const templates = {
  fileMaxBytes: 64 * 1024,
  filesMax: 1000,
  textMaxLength: 1000,
  paragraphsMax: 20,
} as const

/** The operator's own profile schema. A body is 8 levels of JSON at most, and the profile is its second. */
export const profileSchema = { depthMax: 16, schemasMax: 1000, problemsMax: 50 } as const

/** So many within so long. */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
}

/**
 * The buckets (security: section 5.9). A network is an IPv4 address or an IPv6 /64. `UM_RATE_LIMITS` takes
 * other numbers by these names.
 */
export const rates = {
  /** Failed sign-ins of a network, and ten times as many of the IPv6 /48 around it. */
  login: { limit: 30, windowMs: MINUTE_MS, inDevelopment: 100 },
  /** Accounts at which a network has failed. */
  spray: { limit: 20, windowMs: HOUR_MS, inDevelopment: 100 },
  /** Registrations of a network. */
  register: { limit: 60, windowMs: HOUR_MS, inDevelopment: 100 },
  /** Mails that a network asks for. */
  mail: { limit: 60, windowMs: HOUR_MS, inDevelopment: 100 },
  /** Dead links that a network presents; 256 bits make guessing moot, this saves work. */
  token: { limit: 60, windowMs: HOUR_MS, inDevelopment: 100 },
  /** Mails with links that an address gets; beyond it the answer is the same and no mail is sent. */
  recipient: { limit: 3, windowMs: HOUR_MS, inDevelopment: 10 },
  /** Refreshes of a session; repeats of the same parent do not count. */
  refresh: { limit: 120, windowMs: MINUTE_MS, inDevelopment: 1 },
  /** Mails that one process hands over, attempts that fail included; the others wait in the outbox. */
  send: { limit: 10, windowMs: SECOND_MS, inDevelopment: 100 },
} as const satisfies Record<string, Rate & { readonly inDevelopment: number }>
export type RateName = keyof typeof rates

/** Where attempts are counted. */
export const counters = {
  /** Buckets in the memory of one process; beyond it the least recently hit ones are forgotten. */
  keptInMemory: 200_000,
  keptAfterRoomIsMade: 0.9,
} as const

/** Guessing at one account, whatever the network (NIST SP 800-63B-4 section 3.2.2: 100 in a row at most). */
export const guessing = {
  failuresMax: 100,
  /** Failures that cost no wait; then it doubles from the first to the longest. */
  freeFailures: 5,
  firstWaitMs: SECOND_MS,
  longestWaitMs: 15 * MINUTE_MS,
  /** So many different waits, the free ones included: the last one repeats. */
  waits: 16,
  /** Forgotten so long after the last failure. */
  memoryMs: 30 * DAY_MS,
  /** A device that has signed in before has a bucket of its own. */
  failuresPerDevice: 10,
  deviceTokenMs: 180 * DAY_MS,
  wideNetworkFactor: 10,
  /** At most one notice of a new device in so long. */
  newDeviceNoticeMs: HOUR_MS,
} as const

/** The socket in the data folder over which commands reach a running server. */
export const control = {
  /** Systems keep 104 to 108 bytes for the path of a socket, and cut off the rest. */
  pathMaxBytes: 100,
  /** How long a command waits for an answer: to scrub a large file takes minutes. */
  answerMs: 30 * MINUTE_MS,
  /** How long `healthcheck` waits; those who call it wait for five seconds or more. */
  healthAnswerMs: 4 * SECOND_MS,
} as const

/** From where on `doctor` warns, or fails. */
export const checkup = {
  nodeMajorMin: 24,
  diskWarnBytes: 2 * 1024 ** 3,
  diskFailBytes: 256 * 1024 ** 2,
  keyWarnDays: 100,
  clockDifferenceMs: 5 * SECOND_MS,
  mailLateMs: 5 * MINUTE_MS,
  hashWarnMs: 500,
} as const

/** Lists of users and of events. */
export const lists = {
  pageDefault: 50,
  pageMax: 100,
  searchMaxLength: 254,
  cursorMaxLength: 1024,
  /** Where so many users fit the filters, or fewer, they are looked at alone, and sorted in memory. */
  fewUsers: 1000,
  /** So many users are looked at for one page, at the most, and so many at once. */
  scanMax: 50_000,
  scanStep: 2000,
  /** On MongoDB a page ends after so long, with what it has found. */
  scanMs: 1000,
  /** Users that one step of `verify` checks, and that one step of `seed` makes. */
  verifyStep: 2000,
  seedStep: 500,
  seedUsersMax: 5_000_000,
  rolesMax: 64,
} as const

/** Files that are imported: what one user in them may take, so that memory stays the same for all of them. */
export const importing = {
  readBytes: 256 * 1024,
  /** A line, a record of a table, an element of a list. */
  recordMaxBytes: 1024 * 1024,
  jsonMaxDepth: 64,
  columnsMax: 1000,
  /** Names of fields that one user leaves behind; the rest are told as one. */
  leftBehindMax: 50,
  leftBehindMaxLength: 100,
} as const

/** Users that move in or out. */
export const moving = {
  /** Rows of one request, of about so many bytes at the most. */
  rowsPerStep: 1000,
  stepMaxBytes: 4 * 1024 * 1024,
  /** A step, one record more than it may have, and what text of other programs may take besides. */
  bodyMaxBytes: 8 * 1024 * 1024,
  /** Steps that wait for their answers, so that reading and writing go on side by side. */
  stepsAtOnce: 8,
  /** Longer than the longest user in JSON, every field of it at its limit. */
  recordMaxBytes: 16 * 1024,
  sourceIdMaxLength: 255,
  /** The clocks of other machines. */
  futureMs: DAY_MS,
  /** How often an import writes down how far it has come. */
  stateEveryMs: SECOND_MS,
  /** Rejected rows that are shown where no file takes them. */
  rejectsShown: 10,
  /** Names of fields that are counted as left behind; the rest are counted as one. */
  leftBehindNames: 200,
} as const

/** Copying a whole installation. */
export const copying = {
  /** Read at once, and written in one transaction where there are any. */
  recordsPerPage: 2000,
  /** Records that an engine may erase by itself this soon are left out of the check of a copy. */
  checkMarginMs: HOUR_MS,
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
  /** Room for the pages that a transaction of thousands of users changes, at random places of the indexes. */
  writerCacheKib: 32 * 1024,
  journalSizeLimitBytes: 64 * 1024 * 1024,
} as const

/** Copies of the data, and what a copy that comes back is held to. */
export const backup = {
  readBytes: 1024 * 1024,
  /** Users that a replay of the deletion ledger looks at in one step. */
  usersPerStep: 1000,
  /** Entries of the ledger that are read and written at a time, and that go into one request. */
  ledgerPerStep: 1000,
  ledgerPerRequest: 60,
  /** A line of the file that keeps the ledger outside of the database. */
  ledgerLineMaxBytes: 256,
  /** How often that file is brought in step, and how soon again where it could not be. */
  ledgerEveryMs: DAY_MS,
  ledgerRetryMs: MINUTE_MS,
  pathMaxLength: 4096,
} as const

/** The MongoDB adapter. Every request ends within 10 seconds, whatever the servers do. */
export const mongodb = {
  maxPoolSize: 50,
  minPoolSize: 5,
  maxConnecting: 2,
  waitQueueTimeoutMs: 2 * SECOND_MS,
  serverSelectionTimeoutMs: 5 * SECOND_MS,
  socketTimeoutMs: 6 * SECOND_MS,
  connectTimeoutMs: 2 * SECOND_MS,
  heartbeatMs: 2 * SECOND_MS,
  /** What a server may spend on one command, and what a write may wait for the majority. */
  commandMs: 4 * SECOND_MS,
  /** From here on a transaction that other writers keep in the way is given up; nothing of it is applied. */
  transactionMs: 5 * SECOND_MS,
  transactionsAtOnce: 32,
  retryWaitFirstMs: 2,
  retryWaitMaxMs: 100,
  /** A step of the port that has not ended by then is answered as unavailable. */
  verbMs: 6.5 * SECOND_MS,
  /** The same for one that only reads: most requests are one of these and then one that writes. */
  readMs: 3 * SECOND_MS,
  healthMs: 2 * SECOND_MS,
  documentsPerRead: 256,
  documentsPerWrite: 128,
  /** Of a copy, whose commands are few and nobody waits for; several go at once. */
  documentsPerCopy: 500,
  writeCommandsAtOnce: 2,
  /** How often a step starts again because others keep changing what it looks at. */
  attempts: 8,
  /** The clocks of this machine and of the database may differ by so much. */
  clockDifferenceMs: 5 * SECOND_MS,
  /** How long one process may take to create or upgrade the schema before another one goes on with it. */
  schemaLeaseMs: 30 * SECOND_MS,
  schemaPollMs: 100,
  /** How often a process that found no database tries again. */
  contactMs: SECOND_MS,
  /** Deleted bytes stay in the replication log until it is overwritten; its size has to be set to that. */
  oplogWindowMs: 7 * DAY_MS,
  exportPageDocuments: 500,
  textMaxLength: 16 * 1024,
} as const
