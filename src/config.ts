/**
 * Every setting: the one table behind the loader, `.env.example` and `--help`. Settings come from the
 * environment; all that is wrong is said at once, and an unknown `UM_*` name is fatal.
 */
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { PasswordPolicy } from './domain/deps.ts'
import { DomainError } from './domain/errors.ts'
import { configuration } from './domain/limits.ts'
import { builtInRoles, type RoleTable } from './domain/policy.ts'
import type { JsonObject } from './domain/ports/runtime.ts'
import { readProfileSchema } from './domain/profile-schema.ts'
import { readRates, type RateTable } from './domain/rates.ts'
import { readRoles } from './domain/roles.ts'
import { readTemplates } from './mail/template-folder.ts'
import { builtInTemplates, type MailTemplates } from './mail/templates.ts'

export interface Setting {
  readonly name: string
  readonly fallback: string | null
  readonly doc: string
  /** Never printed. */
  readonly secret?: true
  /** Says what is wrong with a value; null where it is right. */
  readonly refuse?: (value: string) => string | null
}

const MODES = ['development', 'production']
const SWITCH = ['on', 'off']
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/
const LEVELS = ['debug', 'info', 'warn', 'error']

export const settings = [
  { name: 'UM_MODE', fallback: 'development', doc: 'development or production', refuse: oneOf(MODES) },
  { name: 'UM_HOST', fallback: null, doc: 'Address to listen on; loopback in development, else 0.0.0.0' },
  { name: 'UM_PORT', fallback: '8080', doc: 'Port to listen on; 0 for any free one', refuse: port },
  { name: 'UM_PUBLIC_URL', fallback: null, doc: 'The URL under which users reach this server', refuse: url },
  { name: 'UM_DATA_DIR', fallback: './data', doc: 'Folder of the database and the keys' },
  {
    name: 'UM_DATABASE_URL',
    fallback: 'sqlite:users.db',
    doc: 'sqlite:<file in the data folder>, or the mongodb:// URL of a replica set',
    secret: true,
  },
  {
    name: 'UM_SMTP_URL',
    fallback: null,
    doc: 'smtp:// or smtps:// URL of the mail server',
    secret: true,
    refuse: smtp,
  },
  { name: 'UM_MAIL_FROM', fallback: null, doc: 'Sender of all mail, such as accounts@example.com' },
  { name: 'UM_TEMPLATES_DIR', fallback: null, doc: 'Folder of mail templates of your own' },
  {
    name: 'UM_MASTER_KEY_FILE',
    fallback: null,
    doc: 'File of the master key; made in the data folder if unset',
  },
  { name: 'UM_ADMIN_EMAIL', fallback: null, doc: 'Address of the first administrator' },
  { name: 'UM_ADMIN_USERNAME', fallback: 'admin', doc: 'Username of the first administrator' },
  {
    name: 'UM_ADMIN_PASSWORD_FILE',
    fallback: null,
    doc: 'File with the password of the first administrator',
  },
  { name: 'UM_REGISTRATION', fallback: 'open', doc: 'open or closed', refuse: oneOf(['open', 'closed']) },
  {
    name: 'UM_REGISTRATION_DISCLOSURE',
    fallback: 'friendly',
    doc: 'friendly: a taken address is named; strict: it is not',
    refuse: oneOf(['friendly', 'strict']),
  },
  {
    name: 'UM_REQUIRE_VERIFIED_EMAIL',
    fallback: 'off',
    doc: 'on: only confirmed addresses sign in',
    refuse: oneOf(SWITCH),
  },
  {
    name: 'UM_PASSWORD_POLICY',
    fallback: 'standard',
    doc: 'standard: 8 characters or more; nist: 15 or more, and no short password made longer',
    refuse: oneOf(['standard', 'nist']),
  },
  {
    name: 'UM_PASSWORD_LIST_FILE',
    fallback: null,
    doc: 'Passwords to refuse besides the built-in list: a file of "passwords build-list"',
  },
  {
    name: 'UM_PASSWORD_RANGE_URL',
    fallback: null,
    doc: 'https:// service of breached passwords that is sent 5 digits of a hash; none if unset',
    refuse: rangeUrl,
  },
  {
    name: 'UM_PASSWORD_PEPPER_FILE',
    fallback: null,
    doc: 'File of a secret that goes into password hashes; without it they cannot be verified again',
  },
  {
    name: 'UM_PROFILE_SCHEMA_FILE',
    fallback: null,
    doc: 'JSON Schema of your own profile fields',
  },
  { name: 'UM_ROLES_FILE', fallback: null, doc: 'JSON file of your own roles' },
  {
    name: 'UM_SIGNING_ALGORITHM',
    fallback: 'ES256',
    doc: 'ES256, RS256 or Ed25519',
    refuse: oneOf(['ES256', 'RS256', 'Ed25519']),
  },
  { name: 'UM_AUDIENCE', fallback: null, doc: 'aud of access tokens; the public URL if unset' },
  {
    name: 'UM_CORS_ORIGINS',
    fallback: '',
    doc: 'Origins that may call from browsers, with commas',
    refuse: origins,
  },
  {
    name: 'UM_TRUSTED_PROXIES',
    fallback: '',
    doc: 'Addresses or CIDR blocks of proxies whose X-Forwarded-For is believed, with commas',
    refuse: proxies,
  },
  {
    name: 'UM_RATE_LIMITS',
    fallback: 'on',
    doc: 'on, rules such as register=600/h,login=100/m, or off (for benchmarks only)',
    refuse: (value) => readRates(value, 'production').problems[0] ?? null,
  },
  { name: 'UM_LOG_LEVEL', fallback: 'info', doc: LEVELS.join(', '), refuse: oneOf(LEVELS) },
  {
    name: 'UM_INTERNAL_PORT',
    fallback: null,
    doc: 'Port of the internal listener, for metrics; none if unset',
    refuse: port,
  },
  {
    name: 'UM_SHUTDOWN_DELAY',
    fallback: null,
    doc: 'Seconds between "not ready" and closing; 5 in production, 0 in development',
    refuse: seconds,
  },
] as const satisfies readonly Setting[]

const table: readonly Setting[] = settings

export type SettingName = (typeof settings)[number]['name']

export interface Config {
  readonly mode: 'development' | 'production'
  readonly host: string
  readonly port: number
  /** Null: `http://localhost:<port>`, once the port is known (development only). No slash at the end. */
  readonly publicUrl: string | null
  readonly dataDir: string
  readonly databaseUrl: string
  readonly smtpUrl: string | null
  /** Null: no-reply at the host of the public URL. */
  readonly mailFrom: string | null
  /** Words and looks of mails: the operator's over the built-in ones. */
  readonly templates: MailTemplates
  readonly masterKeyFile: string | null
  readonly registration: 'open' | 'closed'
  readonly disclosure: 'friendly' | 'strict'
  readonly requireVerifiedEmail: boolean
  readonly passwordPolicy: PasswordPolicy
  readonly passwordListFile: string | null
  readonly passwordRangeUrl: string | null
  readonly passwordPepperFile: string | null
  /** Made at the start where there is no administrator yet. */
  readonly firstAdmin: { readonly email: string; readonly username: string; readonly password: string } | null
  /** The operator's own JSON Schema of the profile; null for the built-in fields. */
  readonly profileSchema: JsonObject | null
  /** The built-in roles, and the operator's own. */
  readonly roles: RoleTable
  /** Of the internal listener, for metrics; null for none. */
  readonly internalPort: number | null
  readonly signingAlgorithm: 'ES256' | 'RS256' | 'Ed25519'
  readonly audience: string | null
  readonly corsOrigins: readonly string[]
  /** Addresses and CIDR blocks. */
  readonly trustedProxies: readonly string[]
  readonly rates: RateTable
  readonly logLevel: string
  readonly shutdownDelaySeconds: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the settings. Throws `start_refused` with everything that is wrong, each with its remedy. */
export function loadConfig(given: Environment): Config {
  const { environment, problems } = withFiles(given)
  problems.push(...unknownNames(environment), ...malformed(environment))
  const value = (name: SettingName) => environment[name] || (fallbackOf(name) ?? null)
  const mode = value('UM_MODE') === 'production' ? 'production' : 'development'
  problems.push(...(mode === 'production' ? productionProblems(value) : developmentProblems(value)))
  const roles = rolesOf(value('UM_ROLES_FILE'), problems)
  const profileSchema = profileSchemaOf(value('UM_PROFILE_SCHEMA_FILE'), problems)
  const firstAdmin = firstAdminOf(value, problems)
  const templates = templatesOf(value('UM_TEMPLATES_DIR'), problems)
  if (problems.length > 0) throw new DomainError('start_refused', { detail: problems.join('\n') })
  const algorithm = value('UM_SIGNING_ALGORITHM')
  const publicUrl = value('UM_PUBLIC_URL')
  return {
    mode,
    host: value('UM_HOST') ?? (mode === 'production' ? '0.0.0.0' : 'localhost'),
    port: Number(value('UM_PORT')),
    publicUrl: publicUrl === null ? null : publicUrl.replace(/\/+$/, ''),
    dataDir: value('UM_DATA_DIR') ?? './data',
    databaseUrl: value('UM_DATABASE_URL') ?? 'sqlite:users.db',
    smtpUrl: value('UM_SMTP_URL'),
    mailFrom: value('UM_MAIL_FROM'),
    templates,
    masterKeyFile: value('UM_MASTER_KEY_FILE'),
    registration: value('UM_REGISTRATION') === 'closed' ? 'closed' : 'open',
    disclosure: value('UM_REGISTRATION_DISCLOSURE') === 'strict' ? 'strict' : 'friendly',
    requireVerifiedEmail: value('UM_REQUIRE_VERIFIED_EMAIL') === 'on',
    passwordPolicy: value('UM_PASSWORD_POLICY') === 'nist' ? 'nist' : 'standard',
    passwordListFile: value('UM_PASSWORD_LIST_FILE'),
    passwordRangeUrl: value('UM_PASSWORD_RANGE_URL'),
    passwordPepperFile: value('UM_PASSWORD_PEPPER_FILE'),
    firstAdmin,
    profileSchema,
    roles,
    internalPort: value('UM_INTERNAL_PORT') === null ? null : Number(value('UM_INTERNAL_PORT')),
    signingAlgorithm: algorithm === 'RS256' || algorithm === 'Ed25519' ? algorithm : 'ES256',
    audience: value('UM_AUDIENCE'),
    corsOrigins: listOf(value('UM_CORS_ORIGINS') ?? ''),
    trustedProxies: listOf(value('UM_TRUSTED_PROXIES') ?? ''),
    rates: readRates(value('UM_RATE_LIMITS') ?? 'on', mode).table,
    logLevel: value('UM_LOG_LEVEL') ?? 'info',
    shutdownDelaySeconds: Number(value('UM_SHUTDOWN_DELAY') ?? (mode === 'production' ? 5 : 0)),
  }
}

/** Every setting as a start would find it; a secret only as set or not. */
export function effectiveSettings(
  given: Environment,
): { name: string; value: string | null; source: string }[] {
  const { environment } = withFiles(given)
  return table.map(({ name, fallback, secret }) => {
    const value = environment[name] || null
    const fromFile = value !== null && !given[name]
    const source = value === null ? 'default' : fromFile ? `${name}_FILE` : 'environment'
    return { name, value: value !== null && secret ? '(set)' : (value ?? fallback), source }
  })
}

/** Where a secret is read from instead: `UM_SMTP_URL_FILE` names the file that holds `UM_SMTP_URL`. */
function withFiles(given: Environment): { environment: Environment; problems: string[] } {
  const environment: Record<string, string | undefined> = { ...given }
  const problems: string[] = []
  for (const { name } of table.filter(({ secret }) => secret)) {
    const source = `${name}_FILE`
    const file = given[source]
    delete environment[source]
    if (!file) continue
    if (given[name]) problems.push(`${name} and ${source} are both set; remove one of them.`)
    environment[name] = readText(file, source, problems)?.trim()
  }
  return { environment, problems }
}

/** `.env.example`, from the table. */
export function environmentExample(): string {
  const lines = table.map(({ name, fallback, doc }) => `# ${doc}\n#${name}=${fallback ?? ''}\n`)
  return `# Settings of the user management server; all are optional in development.\n\n${lines.join('\n')}`
}

function fallbackOf(name: SettingName): string | null {
  return settings.find((setting) => setting.name === name)?.fallback ?? null
}

function unknownNames(environment: Environment): string[] {
  const known = new Set<string>(settings.map(({ name }) => name))
  return Object.keys(environment)
    .filter((name) => name.startsWith('UM_') && !name.startsWith('UM_TEST_') && !known.has(name))
    .map((name) => `The setting ${name} is not known${suggestion(name)}; remove it or correct its name.`)
}

function suggestion(name: string): string {
  const nearest = settings
    .map((setting) => ({ name: setting.name, distance: editDistance(setting.name, name) }))
    .toSorted((one, other) => one.distance - other.distance)[0]
  return nearest && nearest.distance <= 3 ? ` (did you mean ${nearest.name}?)` : ''
}

/** Levenshtein, row by row. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1]
    for (let column = 0; column < other.length; column += 1) {
      const substitution = (row[column] ?? 0) + (character === other[column] ? 0 : 1)
      next.push(Math.min((next[column] ?? 0) + 1, (row[column + 1] ?? 0) + 1, substitution))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

function malformed(environment: Environment): string[] {
  return table.flatMap(({ name, refuse }) => {
    const value = environment[name]
    const wrong = value ? (refuse?.(value) ?? null) : null
    return wrong === null ? [] : [`${name} ${wrong}.`]
  })
}

function productionProblems(value: Values): string[] {
  const required = {
    UM_PUBLIC_URL: 'https://accounts.example.com',
    UM_SMTP_URL: 'smtps://user:password@mail.example.com',
    UM_MAIL_FROM: 'accounts@example.com',
  } as const
  const names = Object.keys(required) as (keyof typeof required)[]
  const missing = names
    .filter((name) => value(name) === null)
    .map((name) => `Production needs ${name}; set it to something like ${required[name]}.`)
  const insecure = value('UM_PUBLIC_URL')?.startsWith('http:')
    ? ['UM_PUBLIC_URL begins with http:; in production it must begin with https:.']
    : []
  const shared = value('UM_DATABASE_URL')?.startsWith('mongodb')
  const ownKey =
    shared && value('UM_MASTER_KEY_FILE') === null
      ? ['Production on MongoDB needs UM_MASTER_KEY_FILE; point it at the key file that every node has.']
      : []
  return [...missing, ...insecure, ...ownKey]
}

function developmentProblems(value: Values): string[] {
  const host = value('UM_HOST')
  const publicHost = URL.parse(value('UM_PUBLIC_URL') ?? 'http://localhost')?.hostname ?? ''
  return [
    ...(host !== null && !LOOPBACK.test(host)
      ? [`Development listens on loopback only, not on ${host}; unset UM_HOST or set UM_MODE=production.`]
      : []),
    ...(LOOPBACK.test(publicHost)
      ? []
      : ['UM_PUBLIC_URL is not a loopback URL; unset it or set UM_MODE=production.']),
  ]
}

type Values = (name: SettingName) => string | null

function rolesOf(file: string | null, problems: string[]): RoleTable {
  if (file === null) return builtInRoles
  const found = readJson(file, 'UM_ROLES_FILE', problems)
  if (found === undefined) return builtInRoles
  const { table, problems: wrong } = readRoles(found)
  problems.push(...wrong.map((each) => `The file ${file} of UM_ROLES_FILE ${each}.`))
  return table
}

function profileSchemaOf(file: string | null, problems: string[]): JsonObject | null {
  const found = file === null ? undefined : readJson(file, 'UM_PROFILE_SCHEMA_FILE', problems)
  if (found === undefined) return null
  const { schema, problems: wrong } = readProfileSchema(found)
  problems.push(...wrong.map((each) => `The file ${file} of UM_PROFILE_SCHEMA_FILE ${each}.`))
  return schema
}

function templatesOf(folder: string | null, problems: string[]): MailTemplates {
  if (folder === null) return builtInTemplates
  const { templates, problems: wrong } = readTemplates(folder)
  problems.push(...wrong)
  return templates
}

function firstAdminOf(value: Values, problems: string[]): Config['firstAdmin'] {
  const [email, file] = [value('UM_ADMIN_EMAIL'), value('UM_ADMIN_PASSWORD_FILE')]
  if (email === null && file === null) return null
  if (email === null || file === null) {
    problems.push('UM_ADMIN_EMAIL and UM_ADMIN_PASSWORD_FILE belong together; set both or none.')
    return null
  }
  const password = readText(file, 'UM_ADMIN_PASSWORD_FILE', problems)?.replace(/\r?\n$/, '')
  return password === undefined ? null : { email, username: value('UM_ADMIN_USERNAME') ?? 'admin', password }
}

function readJson(file: string, name: SettingName, problems: string[]): unknown {
  const text = readText(file, name, problems)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    problems.push(`The file ${file} of ${name} is not JSON; correct it.`)
    return undefined
  }
}

function readText(file: string, name: string, problems: string[]): string | undefined {
  try {
    if (statSync(file).size > configuration.fileMaxBytes) {
      problems.push(`The file ${file} of ${name} has more than ${configuration.fileMaxBytes} bytes.`)
      return undefined
    }
    return readFileSync(file, 'utf8')
  } catch {
    problems.push(`The file ${file} of ${name} cannot be read; correct its path or its rights.`)
    return undefined
  }
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean)
}

function oneOf(values: readonly string[]) {
  return (value: string) => (values.includes(value) ? null : `is ${value}, but takes ${values.join(' or ')}`)
}

function port(value: string): string | null {
  return /^\d{1,5}$/.test(value) && Number(value) <= 65_535 ? null : 'is no port number from 0 to 65535'
}

function seconds(value: string): string | null {
  return /^\d{1,3}$/.test(value) ? null : 'is no number of seconds from 0 to 999'
}

function url(value: string): string | null {
  const parsed = URL.parse(value)
  const plain =
    parsed && /^https?:$/.test(parsed.protocol) && !parsed.search && !parsed.hash && !parsed.username
  return plain && parsed.pathname === '/'
    ? null
    : 'is no URL like https://accounts.example.com, without a path'
}

/** On this machine itself there is nobody on the way. */
function rangeUrl(value: string): string | null {
  const parsed = URL.parse(value)
  const loopback = parsed?.protocol === 'http:' && LOOPBACK.test(parsed.hostname)
  const safe = parsed?.protocol === 'https:' || loopback
  return safe && parsed && !parsed.search && !parsed.hash && !parsed.username && value.endsWith('/')
    ? null
    : 'is no URL like https://passwords.example.com/range/, with a slash at the end'
}

function smtp(value: string): string | null {
  const parsed = URL.parse(value)
  return parsed && /^smtps?:$/.test(parsed.protocol) && parsed.hostname
    ? null
    : 'is no URL like smtps://user:password@mail.example.com'
}

function origins(value: string): string | null {
  const wrong = listOf(value).find((each) => URL.parse(each)?.origin !== each)
  return wrong === undefined ? null : `has ${wrong}, which is no origin like https://app.example.com`
}

function proxies(value: string): string | null {
  const wrong = listOf(value).find((each) => {
    const [address = '', prefix, ...more] = each.split('/')
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
    return bits < 0 || !fits || more.length > 0
  })
  return wrong === undefined ? null : `has ${wrong}, which is no address or block like 10.0.0.0/8`
}
