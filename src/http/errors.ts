import { rateFields } from './headers.ts'
import { catalogue, DomainError, type ProblemCode } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'

/** A problem document (RFC 9457) with our members. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance: string
  readonly code: ProblemCode
  readonly action: string
  readonly errors?: readonly { pointer: string; code: string; message: string }[]
  readonly request_id: string
  readonly retry_after?: number
}

/** The codes of what the HTTP library itself refuses. */
const libraryCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media_type_unsupported',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request_invalid',
  FST_ERR_BAD_URL: 'request_invalid',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
}

/**
 * Any thrown value as an error of the catalogue. Whatever is not known is a defect, and says nothing about
 * itself.
 */
export function asDomainError(thrown: unknown): DomainError & { readonly code: ProblemCode } {
  if (thrown instanceof DomainError && isProblem(thrown)) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? libraryCodes[String(thrown.code)] : undefined
  const error = new DomainError(code ?? 'internal_error', { cause: thrown })
  return isProblem(error) ? error : asDomainError(new Error('unreachable'))
}

/** The document of an error, for the request with this id. */
export function problemOf(
  error: DomainError & { code: ProblemCode },
  requestId: string,
  publicUrl: string,
): Problem {
  const { status, title, action } = catalogue[error.code]
  const retryAfter = retryAfterSeconds(error)
  return {
    type: `${publicUrl}/docs/errors/${error.code}`,
    title,
    status: status ?? 500,
    detail: error.message,
    instance: `urn:uuid:${requestId}`,
    code: error.code,
    action,
    ...(error.errors.length > 0 && { errors: error.errors.map((each) => ({ ...each })) }),
    request_id: requestId,
    ...(retryAfter !== null && { retry_after: retryAfter }),
  }
}

/** The headers that go with an error (RFC 6750 section 3, RFC 9110 section 10.2.3). */
export function problemHeaders(error: DomainError & { code: ProblemCode }): Readonly<Record<string, string>> {
  const retryAfter = retryAfterSeconds(error)
  const challenge = challengeOf(error)
  return {
    ...(retryAfter !== null && { 'retry-after': String(retryAfter) }),
    ...(challenge && { 'www-authenticate': challenge }),
    ...(error.rate && rateFields(error.rate)),
  }
}

function challengeOf(error: DomainError & { code: ProblemCode }): string | null {
  if (error.code === 'permission_denied') return 'Bearer error="insufficient_scope"'
  if (catalogue[error.code].status !== 401) return null
  const failed = ['token_invalid', 'token_expired', 'session_revoked'].includes(error.code)
  return failed
    ? `Bearer error="invalid_token", error_description="${catalogue[error.code].title}"`
    : 'Bearer'
}

function retryAfterSeconds(error: DomainError & { code: ProblemCode }): number | null {
  if (catalogue[error.code].status === 503) return error.retryAfterSeconds ?? http.retryAfterSeconds
  return error.retryAfterSeconds
}

function isProblem(error: DomainError): error is DomainError & { code: ProblemCode } {
  return catalogue[error.code].status !== null
}
