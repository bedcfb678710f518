/** A real SMTP server on a free port of this machine that keeps what it is given, and can be told to refuse it. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export interface CapturedMail {
  /** The addresses of the envelope; international domains are shown in Unicode. */
  readonly from: string
  readonly recipients: readonly string[]
  /** By lower-case name, unfolded and decoded. */
  readonly headers: ReadonlyMap<string, string>
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly raw: string
}

export interface CaptureSmtp {
  readonly url: string
  /** Taken mails, the oldest first. */
  readonly mails: readonly CapturedMail[]
  /** Every `RCPT TO` as it came over the wire, of whatever mail. */
  readonly rcptCommands: readonly string[]
  /** Read to the end and then refused with 451. */
  readonly refused: readonly CapturedMail[]
  /** From now on every mail is refused, or taken again. */
  refuse(all: boolean): void
  /** From now on this is answered to `RCPT TO`, such as `550 5.1.1 no such mailbox`; null takes everybody again. */
  refuseRecipients(answer: string | null): void
  /** Between a mail that has been read to its end and the answer to it; cut off, the answer never comes. */
  beforeAnswer(act: (() => void | 'cut off') | null): void
  /** Nothing listens any more; connections end. */
  goDown(): Promise<void>
  /** Listens again, at the same port. */
  comeBack(): Promise<void>
  /** Resolves once so many mails have been taken. */
  taken(count: number): Promise<void>
  close(): Promise<void>
}

export async function startCaptureSmtp(): Promise<CaptureSmtp> {
  const mails: CapturedMail[] = []
  const refused: CapturedMail[] = []
  const rcptCommands: string[] = []
  const waiting = new Set<() => void>()
  let refusing = false
  let refusedRecipients: string | null = null
  let act: (() => void | 'cut off') | null = null
  const sockets = new Set<Socket>()
  const newServer = () =>
    new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      logger: {
        debug(_fields: unknown, mark: unknown, line: unknown): void {
          if (mark === 'C:' && String(line).startsWith('RCPT')) rcptCommands.push(String(line))
        },
      },
      onRcptTo(_address, _session, done) {
        done(refusedRecipients === null ? null : answered(refusedRecipients))
      },
      onData(stream, session, done) {
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom ? mailFrom.address : ''
        const recipients = rcptTo.map(({ address }) => address)
        const finish = (raw: string): void => {
          const list = refusing ? refused : mails
          list.push({ from, recipients, ...parseMail(raw) })
          if (act?.() === 'cut off') for (const socket of sockets) socket.destroy()
          else done(refusing ? Object.assign(new Error('try again later'), { responseCode: 451 }) : null)
          for (const look of waiting) look()
        }
        readAll(stream).then(finish, done)
      },
    })
  const listenAt = async (port: number): Promise<{ server: SMTPServer; port: number }> => {
    const server = newServer()
    server.on('error', () => {})
    const listener = server.listen(port, '127.0.0.1')
    listener.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    await once(listener, 'listening')
    const address = listener.address()
    if (address === null || typeof address === 'string') throw new Error('the SMTP server has no port')
    return { server, port: address.port }
  }
  let up: SMTPServer | null = null
  const goDown = async (): Promise<void> => {
    const server = up
    up = null
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
  }
  const { server, port } = await listenAt(0)
  up = server
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refused,
    rcptCommands,
    refuse(all) {
      refusing = all
    },
    refuseRecipients(answer) {
      refusedRecipients = answer
    },
    beforeAnswer(next) {
      act = next
    },
    goDown,
    async comeBack() {
      up = (await listenAt(port)).server
    },
    taken(count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = (): void => {
        if (mails.length >= count) resolve()
      }
      waiting.add(look)
      look()
      return promise.finally(() => waiting.delete(look))
    },
    close: goDown,
  }
}

/** An answer such as `550 5.1.1 no such mailbox`. */
function answered(answer: string): Error {
  return Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) })
}

/** Reads a mail of two parts, text and HTML (RFC 5322, 2045 to 2047). */
function parseMail(raw: string): Omit<CapturedMail, 'from' | 'recipients'> {
  const { headers, body } = entity(raw)
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type') ?? '')?.[1]
  const parts = boundary ? body.split(`--${boundary}`).slice(1, -1) : []
  const content = (type: string): string => {
    const found = parts
      .map((part) => entity(part.replace(/^\r\n/, '')))
      .find((part) => part.headers.get('content-type')?.startsWith(type))
    return found ? decodeBody(found.body, found.headers.get('content-transfer-encoding') ?? '7bit') : ''
  }
  const subject = headers.get('subject') ?? ''
  return { headers, subject, text: content('text/plain'), html: content('text/html'), raw }
}

function entity(source: string): { headers: Map<string, string>; body: string } {
  const end = source.indexOf('\r\n\r\n')
  const lines = source
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim())]
  })
  return { headers: new Map(headers), body: source.slice(end + 4) }
}

function decodeWords(value: string): string {
  const joined = value.replaceAll(/\?=\s+=\?/g, '?==?')
  return joined.replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_whole, form: string, word: string) =>
    form.toLowerCase() === 'b' ? fromBase64(word) : fromQuotedPrintable(word.replaceAll('_', ' ')),
  )
}

/** Line ends become `\n`; the line break before a boundary is the boundary's. */
function decodeBody(body: string, encoding: string): string {
  const own = body.replace(/\r\n$/, '')
  const plain =
    encoding === 'base64' ? fromBase64(own) : encoding === 'quoted-printable' ? fromQuotedPrintable(own) : own
  return plain.replaceAll('\r\n', '\n')
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

function fromQuotedPrintable(text: string): string {
  const bytes = text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
