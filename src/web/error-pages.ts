/**
 * The error reference: an index of all codes, and a page for each. The catalogue in `domain/errors.ts` is
 * its source.
 */
import { catalogue, fieldError } from '../domain/errors.ts'
import type { CatalogueEntry, ErrorCode, FieldError, StartCode } from '../domain/errors.ts'
import { http } from '../domain/limits.ts'
import { html } from './html.ts'
import type { Content, Html } from './html.ts'
import { page, withCode } from './layout.ts'
import type { Site } from './layout.ts'

/** Where a code occurs. */
type Place = 'answer' | 'field' | 'start'

const startCodes: Readonly<Record<StartCode, true>> = { store_incompatible: true, start_refused: true }

/** Whether a text, such as a path parameter, is a code of the catalogue. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(catalogue, text)
}

/** Every code, grouped by status. */
export function errorIndexPage(site: Site): string {
  const codes = Object.keys(catalogue).filter(isErrorCode)
  const groups = Map.groupBy(codes, groupOf)
  const body = html`
    <p class="lead">
      Every refusal of the API is a problem document (RFC 9457) with one of these codes in <code>code</code>.
      Codes are never renamed.
    </p>
    ${[...groups].map(([name, members]) => section(name, members))}
  `
  return page({ title: 'Error codes', kind: 'reference', body }, site)
}

/** What happened, why, what to do, and how the answer looks. */
export function errorPage(code: ErrorCode, site: Site): string {
  const entry: CatalogueEntry = catalogue[code]
  const place = placeOf(code, entry)
  const body = html`
    <p class="lead">${entry.title}.</p>
    <p>${whereItOccurs(entry, place)}</p>
    <h2>What to do</h2>
    <p class="action">${withCode(entry.action)}</p>
    <h2>Likely causes</h2>
    <ul>
      ${entry.causes.map((cause) => html`<li>${withCode(`${cause}.`)}</li>`)}
    </ul>
    ${place !== 'start' && example(code, entry, site)}
    <p><a href="/docs/errors">All error codes</a></p>
  `
  return page({ title: code, heading: html`<code>${code}</code>`, kind: 'reference', body }, site)
}

function section(name: string, codes: readonly ErrorCode[]): Html {
  const rows = codes.map((code) => {
    return html`<li>
      <a href="/docs/errors/${code}"><code>${code}</code></a>
      <span>${catalogue[code].title}.</span>
    </li>`
  })
  return html`<section>
    <h2>${name}</h2>
    <ul class="codes">
      ${rows}
    </ul>
  </section>`
}

function groupOf(code: ErrorCode): string {
  const entry: CatalogueEntry = catalogue[code]
  const place = placeOf(code, entry)
  if (place === 'field') return 'Inside errors[] of a 422'
  if (place === 'start') return 'When the server starts'
  return `${entry.status} ${reasons[entry.status ?? 0] ?? ''}`
}

function placeOf(code: ErrorCode, entry: CatalogueEntry): Place {
  if (entry.status !== null) return 'answer'
  return Object.hasOwn(startCodes, code) ? 'start' : 'field'
}

function whereItOccurs(entry: CatalogueEntry, place: Place): Content {
  switch (place) {
    case 'answer':
      return html`The answer has status <strong>${entry.status} ${reasons[entry.status ?? 0]}</strong>.`
    case 'field':
      return html`It has no status of its own: it occurs in <code>errors[]</code> of a
        <a href="/docs/errors/validation_failed"><code>validation_failed</code></a
        >, beside the JSON Pointer of the field that it is about.`
    case 'start':
      return html`It never travels over HTTP: the server prints it as it stops, with a sentence that says what
      is wrong.`
  }
}

function example(code: ErrorCode, entry: CatalogueEntry, site: Site): Html {
  const problem = exampleProblem(code, entry, site)
  return html`<h2>Example</h2>
    <pre tabindex="0" aria-label="Example answer"><code>${JSON.stringify(problem, null, 2)}</code></pre>`
}

/** The problem document of a field code is the 422 that carries it. */
function exampleProblem(code: ErrorCode, entry: CatalogueEntry, { publicUrl }: Site): object {
  const outer = entry.status === null ? 'validation_failed' : code
  const { status, title, action }: CatalogueEntry = catalogue[outer]
  const errors = exampleErrors(code, entry)
  const requestId = '0198c5a2-7c1e-7b3a-9d42-5f6e8a1b2c3d'
  return {
    type: `${publicUrl}/docs/errors/${outer}`,
    title,
    status,
    detail: `${title}.`,
    instance: `urn:uuid:${requestId}`,
    code: outer,
    action,
    ...(errors.length > 0 && { errors }),
    request_id: requestId,
    ...(status === 503 && { retry_after: http.retryAfterSeconds }),
  }
}

/** Only a 422 for a body and a 409 about a field name fields. */
function exampleErrors(code: ErrorCode, { status }: CatalogueEntry): readonly FieldError[] {
  if (code === 'validation_failed') {
    return [fieldError('/email', 'email_format'), fieldError('/password', 'password_too_short')]
  }
  return status === null || code.endsWith('_taken') ? [fieldError(pointerOf(code), code)] : []
}

/** A field that the code is often about. */
function pointerOf(code: ErrorCode): string {
  const field = /^(email|username|password)_/.exec(code)?.[1]
  return field ? `/${field}` : (examplePointers[code] ?? '/profile/display_name')
}

const examplePointers: Readonly<Partial<Record<ErrorCode, string>>> = {
  field_required: '/password',
  field_format: '/profile/website',
  field_read_only: '/roles',
  unknown_field: '/nickname',
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
