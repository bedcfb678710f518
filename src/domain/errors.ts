/**
 * The error catalogue: the one source for statuses, titles, causes and actions. The OpenAPI document, the
 * pages under `/docs/errors` and the tests read it. Codes are never renamed once released.
 */
import type { RateState } from './rates.ts'

export interface CatalogueEntry {
  /** HTTP status; null for a code that occurs only inside `errors[]` of a 422. */
  readonly status: number | null
  readonly title: string
  /** What usually leads to it. */
  readonly causes: readonly string[]
  /** One imperative sentence that names the request, field, setting or command to use next. */
  readonly action: string
}

function entry(
  status: number | null,
  title: string,
  causes: readonly string[],
  action: string,
): CatalogueEntry {
  return { status, title, causes, action }
}

export const catalogue = {
  // 400: an unreadable request, or a dead one-time token
  request_invalid: entry(
    400,
    'The request could not be read',
    [
      'A header occurs twice',
      'The path or a query parameter is malformed',
      'The bytes are not valid HTTP/1.1 or not UTF-8',
    ],
    'Compare method, path, query and headers with the operation in /docs and send the request again.',
  ),
  json_invalid: entry(
    400,
    'The body is not valid JSON',
    [
      'A comma, quote or bracket is missing',
      'A key occurs twice',
      'The text is not UTF-8, or it nests too deeply',
    ],
    'Serialize the body with a JSON library and send it as UTF-8 without a byte order mark.',
  ),
  reset_token_invalid: entry(
    400,
    'This password link is not valid',
    [
      'The link was cut off by a mail program',
      'The account has been deleted or disabled',
      'The address of the account has changed since',
    ],
    'Ask for a new link with POST /users/reset-password and open it from the newest mail.',
  ),
  reset_token_expired: entry(
    400,
    'This password link has expired',
    ['More than 30 minutes have passed since the mail was asked for'],
    'Ask for another link with POST /users/reset-password and use it within 30 minutes.',
  ),
  reset_token_used: entry(
    400,
    'This password link has already been used',
    [
      'The link, or another one for the same account, was redeemed',
      'The password was changed after the link was mailed',
    ],
    'Sign in with the new password at POST /users/login, or ask for a fresh link with POST ' +
      '/users/reset-password.',
  ),
  verify_token_invalid: entry(
    400,
    'This confirmation link is not valid',
    [
      'The link was cut off by a mail program',
      'The account was deleted',
      'A later change of address replaced this one',
    ],
    'Ask for a new confirmation link with POST /users/verify-email.',
  ),
  verify_token_expired: entry(
    400,
    'This confirmation link has expired',
    ['More than 24 hours have passed since the mail was asked for'],
    'Ask for another confirmation link with POST /users/verify-email and use it within 24 hours.',
  ),
  verify_token_used: entry(
    400,
    'This confirmation link has already been used',
    ['The address was confirmed before', 'The password was changed after the link was mailed'],
    'Read email_verified with GET /users/profile; where it is false, ask for a link with POST ' +
      '/users/verify-email.',
  ),

  // 401: not authenticated
  token_missing: entry(
    401,
    'This request needs an access token',
    ['There is no Authorization header', 'The header uses another scheme than Bearer'],
    'Sign in with POST /users/login and send the header "Authorization: Bearer <access_token>".',
  ),
  token_invalid: entry(
    401,
    'The access token is not valid',
    [
      'The token was altered or cut off',
      'It was issued by another server, or for another audience',
      'Its signing key has been dropped',
    ],
    'Send the access_token of the last answer of POST /users/login unchanged.',
  ),
  token_expired: entry(
    401,
    'The access token has expired',
    ['Access tokens live for ten minutes', 'The clock of this server was set forward'],
    'Get a new access token with POST /users/token/refresh.',
  ),
  session_revoked: entry(
    401,
    'This session has ended',
    [
      'The user signed out or ended the session from another device',
      'The password was reset',
      'The account was disabled or deleted',
    ],
    'Start a new session with POST /users/login.',
  ),
  invalid_credentials: entry(
    401,
    'The sign-in data are not right',
    ['The password is wrong', 'No such user exists', 'There were too many attempts on this account'],
    'Check email or username and password; a forgotten password is replaced with POST /users/reset-password.',
  ),
  refresh_token_invalid: entry(
    401,
    'The refresh token is not valid',
    [
      'The token was altered or cut off',
      'Its session has ended',
      'A newer refresh token of the session was never used in time',
    ],
    'Discard both tokens and let the user sign in again with POST /users/login.',
  ),
  refresh_token_expired: entry(
    401,
    'The refresh token has expired',
    ['The session was not used for 14 days', 'The session has reached 30 days'],
    'Ask the user for the password and begin a session with POST /users/login.',
  ),
  refresh_token_reused: entry(
    401,
    'This refresh token had been replaced already',
    [
      'Two parties hold tokens of one session: one of them may be a thief',
      'A client restored an old backup of its tokens',
    ],
    'Sign in again with POST /users/login and, if you did not cause this, change the password with ' +
      'PUT /users/password.',
  ),

  // 403: authenticated, but not allowed
  permission_denied: entry(
    403,
    'You are not allowed to do this',
    ['The account lacks the permission that this operation needs', 'The link belongs to another account'],
    'Use an account whose roles include the permission that /docs names for this operation.',
  ),
  insufficient_privilege: entry(
    403,
    'This user or role has permissions that you do not have',
    [
      'The user that is acted on holds a permission that the acting account lacks',
      'A role that is to be given grants more than the acting account may do',
    ],
    'Compare both accounts with GET /users/{id} and use one that holds every permission of the other.',
  ),
  fresh_authentication_required: entry(
    403,
    'Please prove the password again',
    ['More than five minutes have passed since the password was last entered'],
    'Call POST /users/reauthenticate with the password and repeat the request with the new access token.',
  ),
  password_incorrect: entry(
    403,
    'The password is not right',
    ['The password in the body is not that of the signed-in account'],
    'Send the current password of this account in the field that the operation names.',
  ),
  email_not_verified: entry(
    403,
    'The e-mail address is not confirmed yet',
    ['This server lets only confirmed addresses sign in (UM_REQUIRE_VERIFIED_EMAIL)'],
    'Open the link in the confirmation mail; POST /users/verify-email sends it again.',
  ),
  account_disabled: entry(
    403,
    'This account is disabled',
    ['An administrator disabled the account'],
    'Ask an administrator of this server to set the status of the account to active with PATCH /users/{id}.',
  ),
  registration_closed: entry(
    403,
    'Registration is closed',
    ['This server does not take registrations (UM_REGISTRATION=closed)'],
    'Ask an administrator for an account, or set UM_REGISTRATION=open on the server.',
  ),
  cross_site_request: entry(
    403,
    'The form was sent from another site',
    ['A page of another origin posted the form', 'The origin is missing from UM_CORS_ORIGINS'],
    'Send the form from a page of this server, send JSON instead, or list the origin in UM_CORS_ORIGINS.',
  ),

  // 404, 405
  not_found: entry(
    404,
    'There is nothing at this address',
    ['The path is misspelt', 'The operation exists only in development mode'],
    'Look up the path in /docs.',
  ),
  user_not_found: entry(
    404,
    'There is no such user',
    ['The id is wrong', 'The user has been deleted'],
    'Take the id from an answer of POST /users/register or GET /users/profile.',
  ),
  session_not_found: entry(
    404,
    'There is no such session of yours',
    ['The session has ended already', 'The id belongs to another user'],
    'Take the id from GET /users/sessions.',
  ),
  method_not_allowed: entry(
    405,
    'This address does not take this method',
    ['The method is misspelt, or belongs to another path'],
    'Use one of the methods in the Allow header of this answer.',
  ),

  // 409: taken, or in conflict with the state
  email_taken: entry(
    409,
    'This e-mail address is in use',
    ['An account with this address exists', 'Somebody registered it without owning it'],
    'Sign in with POST /users/login; whoever owns the mailbox takes the account over with POST ' +
      '/users/reset-password.',
  ),
  username_taken: entry(
    409,
    'This username is in use',
    ['An account with this username exists; upper and lower case do not count'],
    'Send another value in the field username.',
  ),
  last_admin: entry(
    409,
    'This is the last administrator',
    ['No other active account with a password has the role admin'],
    'Give the role admin to another account with PATCH /users/{id} first.',
  ),

  // 412, 413, 415
  profile_changed: entry(
    412,
    'The profile has changed since you read it',
    [
      'Another device or an administrator changed it',
      'The If-Match header is not an ETag of GET /users/profile',
    ],
    'Read GET /users/profile again, apply the change to it and send its new ETag in If-Match.',
  ),
  body_too_large: entry(
    413,
    'The body is too large',
    ['The body has more than 16 KiB'],
    'Send a body of at most 16,384 bytes; keep pictures elsewhere and put their address into ' +
      'profile.picture.',
  ),
  media_type_unsupported: entry(
    415,
    'This content type is not taken here',
    ['The Content-Type header is missing or is not application/json'],
    'Set the header "Content-Type: application/json" and send JSON.',
  ),

  // 422: well-formed, but invalid
  validation_failed: entry(
    422,
    'Some fields are not valid',
    ['A field is missing, unknown, of the wrong type or breaks a rule; errors[] names each'],
    'Mend every field that errors[] points at and send the request again.',
  ),
  idempotency_key_reused: entry(
    422,
    'This Idempotency-Key was used with another body',
    ['Two different registrations were sent with one key within 24 hours'],
    'Send a new random Idempotency-Key with each new registration and repeat a key only with the same body.',
  ),

  rate_limited: entry(
    429,
    'Too many attempts',
    [
      'Many sign-ins from this network have failed, or at many accounts',
      'This network has registered, asked for mails, or presented dead links very often',
      'This session has been refreshed, or a wrong password was given in it, very often',
    ],
    'Wait for the seconds that Retry-After names and try again; an operator can set UM_RATE_LIMITS.',
  ),

  // 5xx
  internal_error: entry(
    500,
    'Something went wrong in the server',
    ['A defect of the server: the log has an entry with this request_id'],
    'Try again once; if it stays, report the request_id to whoever runs this server.',
  ),
  overloaded: entry(
    503,
    'The server is busy',
    [
      'More sign-ins and registrations arrive than passwords can be hashed',
      'The write queue of the store is full',
    ],
    'Wait for the seconds in the Retry-After header and send the same request again.',
  ),
  store_unavailable: entry(
    503,
    'The database cannot be reached',
    ['The database is starting, stopping or out of disk space', 'The server is shutting down'],
    'Repeat the request after the seconds in Retry-After; operators find the reason at GET /readyz ' +
      'and in the log.',
  ),

  // only inside errors[] of validation_failed
  field_required: entry(
    null,
    'A required field is missing',
    ['The field was left out'],
    'Add the field to the body.',
  ),
  field_type: entry(
    null,
    'The field has the wrong type',
    ['A number, list or null stands where a text is expected'],
    'Send the field with the JSON type that /docs shows.',
  ),
  field_format: entry(
    null,
    'The field has the wrong form',
    ['A link is not https', 'A value is none of those allowed'],
    'Bring the value into the form that the message describes.',
  ),
  field_too_short: entry(
    null,
    'The field is too short',
    ['The text is empty'],
    'Send a longer text, or leave the field out.',
  ),
  field_too_long: entry(
    null,
    'The field is too long',
    ['The text, or the whole profile, exceeds its limit'],
    'Shorten the value to the limit that the message names.',
  ),
  unknown_field: entry(
    null,
    'The field is not known',
    ['The name is misspelt', 'The field belongs to another operation'],
    'Remove the field, or correct its name by the schema in /docs.',
  ),
  field_read_only: entry(
    null,
    'The field cannot be written here',
    ['The field is set by the server or has an operation of its own'],
    'Remove the field from this request; a password is changed with PUT /users/password.',
  ),
  username_format: entry(
    null,
    'The username has the wrong form',
    [
      'It is shorter than 3 or longer than 32 characters',
      'It holds a character other than letters, digits, dot, underscore and hyphen',
    ],
    'Choose 3 to 32 characters of A-Z, a-z, 0-9, dot, underscore and hyphen.',
  ),
  email_format: entry(
    null,
    'This is not an e-mail address',
    ['The @ or the domain is missing', 'The part before the @ has a character that is not allowed'],
    'Send an address of the form name@example.com.',
  ),
  password_too_short: entry(
    null,
    'The password is too short',
    ['It has fewer than 8 characters, or fewer than 15 where UM_PASSWORD_POLICY is nist'],
    'Choose a password as long as the message asks for; several words are easy to remember.',
  ),
  password_too_long: entry(
    null,
    'The password is too long',
    ['It has more than 256 characters'],
    'Choose a password of at most 256 characters.',
  ),
  password_too_common: entry(
    null,
    'The password is too common',
    [
      'It is on the list of passwords that attackers try first, or on a larger one of the operator',
      'Where UM_PASSWORD_POLICY is nist: it is a short or common password made longer by repeats, keyboard ' +
        'walks or digits',
      'A list of the operator takes one password in 65,536 for one of its own, by mistake',
    ],
    'Choose a password that is not on lists of common passwords, such as four random words.',
  ),
  password_contains_personal: entry(
    null,
    'The password contains your name or address',
    ['It contains the username, or a part of the e-mail address'],
    'Choose a password without your username and without parts of your e-mail address.',
  ),
  password_characters: entry(
    null,
    'The password has characters that cannot be typed again reliably',
    ['It contains a control character or half of a surrogate pair'],
    'Remove control characters such as tab and line break from the password.',
  ),

  // only at the start, exit code 4: the detail says what is wrong and how it is mended
  store_incompatible: entry(
    null,
    'This database cannot be used by this version',
    [
      'A newer version of the program has written it',
      'Another process owns it',
      'The master key is not the one it was made with',
    ],
    'Follow the sentence that the server printed as it stopped, then start it again.',
  ),
  start_refused: entry(
    null,
    'The server cannot start with these settings',
    ['A setting is unknown, missing or malformed', 'The port is taken', 'A file cannot be read'],
    'Correct the setting that the server named as it stopped.',
  ),
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof catalogue

/** Codes that have a status of their own and so can be a problem document. */
export type ProblemCode = {
  [Code in ErrorCode]: (typeof catalogue)[Code]['status'] extends null ? never : Code
}[ErrorCode]

/** Codes that end a start and never travel over HTTP. */
export type StartCode = 'store_incompatible' | 'start_refused'

/** One entry of `errors[]`: a JSON Pointer into the body (RFC 6901), a code, and a sentence for people. */
export interface FieldError {
  readonly pointer: string
  readonly code: ErrorCode
  readonly message: string
}

export function fieldError(
  pointer: string,
  code: ErrorCode,
  message: string = catalogue[code].title,
): FieldError {
  return { pointer, code, message: message.endsWith('.') ? message : `${message}.` }
}

/** A name as one step of a JSON Pointer (RFC 6901 section 3). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

export interface ErrorDetails {
  /** What happened in this very case; never a secret, never what the caller may not know. */
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  readonly retryAfterSeconds?: number
  /** Of a `rate_limited`: what the network has left. */
  readonly rate?: RateState | null
  readonly cause?: unknown
}

/** The one error class: a refusal that the caller can understand. Anything else thrown is a defect (500). */
export class DomainError extends Error {
  readonly code: ProblemCode | StartCode
  readonly errors: readonly FieldError[]
  readonly retryAfterSeconds: number | null
  readonly rate: RateState | null

  constructor(code: ProblemCode | StartCode, details: ErrorDetails = {}) {
    super(details.detail ?? `${catalogue[code].title}.`, { cause: details.cause })
    this.name = 'DomainError'
    this.code = code
    this.errors = details.errors ?? []
    this.retryAfterSeconds = details.retryAfterSeconds ?? null
    this.rate = details.rate ?? null
  }

  /** The same refusal, with what the caller's network has left of a rate. */
  withRate(rate: RateState): DomainError {
    const { message: detail, errors, cause } = this
    const retryAfter = this.retryAfterSeconds === null ? {} : { retryAfterSeconds: this.retryAfterSeconds }
    return new DomainError(this.code, { detail, errors, cause, rate: this.rate ?? rate, ...retryAfter })
  }
}

/** Whether the store can't be reached, or is too busy, for now: whoever can wait tries again. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof DomainError && (error.code === 'store_unavailable' || error.code === 'overloaded')
}

/** Throws `validation_failed` with all of them at once, if there are any. */
export function refuseInvalid(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw new DomainError('validation_failed', { errors })
}
