/**
 * Mail by SMTP. Addresses reach the library as objects only: its parser never sees a text that a user
 * chose.
 */
import { createTransport } from 'nodemailer'
import { DomainError } from '../domain/errors.ts'
import { readEmail } from '../domain/keys.ts'
import { mail as limits } from '../domain/limits.ts'
import type { MailMessage, MailTransport } from '../domain/ports/mailer.ts'
import type { Clock, Ms } from '../domain/ports/runtime.ts'

export interface SmtpSettings {
  /**
   * `smtp://` or `smtps://`, with user and password (percent-encoded) and port where needed
   * (`UM_SMTP_URL`).
   */
  readonly url: string
  /** `address` or `Name <address>` (`UM_MAIL_FROM`); null: no-reply at the host of the public URL. */
  readonly from: string | null
  readonly publicUrl: string
  readonly clock: Clock
  /** Bounds each step of a connection and a whole delivery; the limit of `limits.ts` unless given. */
  readonly timeoutMs?: Ms
}

export interface SmtpTransport extends MailTransport {
  /** As `send`; what the mail server answered. */
  deliver(message: MailMessage): Promise<string>
  /** Connects, and signs in where there is a password, without sending anything; throws where it can't. */
  check(): Promise<void>
}

interface Server {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
}

/** What the library takes as an address. */
interface Sender {
  readonly name: string
  readonly address: string
}

const SUBMISSION_PORT = 587
const SUBMISSIONS_PORT = 465
const SENDER =
  /^(?:(?:"(?<quoted>[^"\p{Cc}]*)"\s*|(?<name>[^<>"\p{Cc}]*))<(?<inner>[^<>\s]+)>|(?<bare>[^<>\s]+))$/u

/**
 * A pooled SMTP transport. A repeated mail bears the same Message-ID. Throws `start_refused` where a
 * setting can't be read. A password travels encrypted only: with one, a server that is not this machine
 * must offer STARTTLS.
 */
export function createSmtp(settings: SmtpSettings): SmtpTransport {
  const server = readServer(settings.url)
  const host = new URL(settings.publicUrl).hostname
  const from = settings.from === null ? { name: '', address: `no-reply@${host}` } : readSender(settings.from)
  const timeoutMs = settings.timeoutMs ?? limits.smtpTimeoutMs
  const pool = createTransport({
    pool: true,
    ...server,
    name: host,
    requireTLS: server.auth !== undefined && !server.secure && !isLoopback(server.host),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const closing = new AbortController()
  async function deliver(message: MailMessage): Promise<string> {
    const { response } = await pool.sendMail({
      ...envelopeOf(message, from),
      messageId: `<${message.id}@${host}>`,
      date: new Date(settings.clock.now()),
      headers: { 'Auto-Submitted': 'auto-generated' },
      subject: message.subject,
      text: message.text,
      html: message.html,
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs)]),
    })
    return response
  }
  return {
    deliver,
    async send(message) {
      await deliver(message)
    },
    async check() {
      await pool.verify()
    },
    async close() {
      closing.abort()
      pool.close()
    },
  }
}

/** The one recipient is the stored address, as it is, in header and envelope. */
function envelopeOf(message: MailMessage, from: Sender) {
  const to = { name: '', address: message.to }
  return { from, to, envelope: { from, to: [to] } }
}

function readServer(text: string): Server {
  const url = URL.parse(text)
  const secure = url?.protocol === 'smtps:'
  if (!url || (!secure && url.protocol !== 'smtp:') || url.hostname === '' || url.search !== '') {
    throw refused(
      'UM_SMTP_URL must be of the form smtp://user:password@host:587 or smtps://user:password@host:465.',
    )
  }
  const port = url.port === '' ? (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT) : Number(url.port)
  const auth = url.username === '' ? undefined : { user: decoded(url.username), pass: decoded(url.password) }
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure, auth }
}

function readSender(text: string): Sender {
  const parts = SENDER.exec(text.trim())?.groups
  const email = readEmail(parts?.['inner'] ?? parts?.['bare'] ?? '')
  if (!email)
    throw refused(
      'UM_MAIL_FROM must be an address, or a name and an address as in Example <mail@example.com>.',
    )
  return { name: (parts?.['quoted'] ?? parts?.['name'] ?? '').trim(), address: email.address }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refused('User and password in UM_SMTP_URL must be percent-encoded: write a % as %25.')
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function refused(detail: string): DomainError {
  return new DomainError('start_refused', { detail })
}
