/** `mail test` against real mail servers with something wrong, and `mail templates`. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, test, type TestContext } from 'node:test'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { writeTemplates } from '../../src/cli/mail-templates.ts'
import { sendTest, troubleOf } from '../../src/cli/mail-test.ts'
import { isCommandError, type Ending } from '../../src/cli/exit-codes.ts'
import { createOutput } from '../../src/cli/output.ts'
import { DomainError } from '../../src/domain/errors.ts'
import { readFailure } from '../../src/mail/smtp-failure.ts'
import { createSmtp } from '../../src/mail/smtp.ts'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import { runToEnd } from '../support/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'um-cli-mail-'))
after(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly data: string
  readonly ending: Ending | 'done'
  readonly lines: string
}

/** The command in this process, with settings of a file. */
async function mailTest(smtpUrl: string, address = 'ada@example.com'): Promise<Ran> {
  const envFile = join(folder, 'settings')
  writeFileSync(envFile, `UM_SMTP_URL=${smtpUrl}\nUM_MAIL_FROM=accounts@example.org\nUM_DATA_DIR=${folder}\n`)
  const printed = { data: '', talk: '' }
  const into = (name: keyof typeof printed) =>
    new Writable({
      write(chunk, _encoding, done) {
        printed[name] += String(chunk)
        done()
      },
    })
  const output = createOutput('text', { data: into('data'), talk: into('talk') })
  const invocation = {
    args: [address],
    options: { output: 'text', envFile },
    output,
    end: (): void => assert.fail(),
  } as const
  try {
    await sendTest(invocation)
    return { data: printed.data, ending: 'done', lines: printed.talk }
  } catch (error) {
    if (error instanceof DomainError) return { data: '', ending: 'configuration', lines: error.message }
    if (!isCommandError(error)) throw error
    return { data: printed.data, ending: error.ending, lines: error.lines.join('\n') }
  }
}

/** A mail server with something wrong; null refuses nothing. */
async function serverWith(t: TestContext, options: SMTPServerOptions): Promise<number> {
  const server = new SMTPServer({ authOptional: true, logger: false, ...options })
  server.on('error', () => undefined)
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.after(() => new Promise<void>((done) => server.close(() => done())))
  const address = listener.address()
  return typeof address === 'object' && address ? address.port : 0
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

const plain: SMTPServerOptions = { disabledCommands: ['STARTTLS', 'AUTH'] }

test('a test mail goes out at once, and the answer of the mail server is shown', async (t) => {
  const capture = await startCaptureSmtp()
  t.after(() => capture.close())
  const { data, ending, lines } = await mailTest(capture.url)
  assert.equal(ending, 'done')
  assert.match(data, /^server +127\.0\.0\.1:\d+\nto +ada@example\.com\nanswer +250 /)
  assert.match(lines, /has taken the mail/)
  const [mail] = capture.mails
  assert.deepEqual([capture.mails.length, mail?.recipients.join()], [1, 'ada@example.com'])
  assert.equal(mail?.from, 'accounts@example.org')
  assert.match(mail?.subject ?? '', /^Test mail of localhost:8080$/)
  assert.match(mail?.html ?? '', /<html lang="en">/)
  assert.doesNotMatch(mail?.text ?? '', /[{}]|undefined/)
})

test('each common mistake is told from the others, with what to do and an exit code of its kind', async (t) => {
  const silent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.after(() => silent.close())
  const address = silent.address()
  const cutOff = typeof address === 'object' && address ? address.port : 0
  const cases: readonly (readonly [url: string, ending: Ending, says: RegExp])[] = [
    ['smtp://127.0.0.1:1', 'unreachable', /nothing listens there; correct host and port in UM_SMTP_URL/],
    ['smtp://mail.invalid', 'unreachable', /leads to no address; correct the host/],
    [`smtp://127.0.0.1:${cutOff}`, 'unreachable', /ended early/],
    [`smtps://127.0.0.1:${await serverWith(t, plain)}`, 'configuration', /does not speak TLS .* smtp:\/\//],
    [
      `smtps://127.0.0.1:${await serverWith(t, { secure: true })}`,
      'configuration',
      /certificate is not valid .* NODE_EXTRA_CA_CERTS/,
    ],
    [
      `smtp://user:secret-word@127.0.0.1:${await serverWith(t, {
        disabledCommands: ['STARTTLS'],
        onAuth: (_auth, _session, done) => done(refusal(535, 'bad credentials')),
      })}`,
      'configuration',
      /does not accept our sign-in; .*\nThe answer was: 535 bad credentials/,
    ],
    [
      `smtp://127.0.0.1:${await serverWith(t, { disabledCommands: ['STARTTLS'], authOptional: false })}`,
      'configuration',
      /does not accept our sign-in/,
    ],
    [
      `smtp://127.0.0.1:${await serverWith(t, {
        ...plain,
        onMailFrom: (_address, _session, done) => done(refusal(550, '5.7.1 not yours')),
      })}`,
      'configuration',
      /does not take our sender; set UM_MAIL_FROM .*\nThe answer was: 550 5\.7\.1 not yours/,
    ],
    [
      `smtp://127.0.0.1:${await serverWith(t, {
        ...plain,
        onRcptTo: (_address, _session, done) => done(refusal(550, '5.1.1 nobody')),
      })}`,
      'failed',
      /does not take this recipient/,
    ],
    [
      `smtp://127.0.0.1:${await serverWith(t, {
        ...plain,
        onData: (stream, _session, done) =>
          void stream.resume().on('end', () => done(refusal(554, '5.7.1 looks like spam'))),
      })}`,
      'failed',
      /refused the mail; .*\nThe answer was: 554 5\.7\.1 looks like spam/,
    ],
  ]
  for (const [url, ending, says] of cases) {
    const ran = await mailTest(url)
    assert.match(ran.lines, says, url)
    assert.deepEqual([ran.ending, ran.data], [ending, ''], url)
    assert.doesNotMatch(ran.lines, /secret-word/)
  }
})

test('a server that is silent, or has no encryption for a password, is told as such', async (t) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const settings = { from: null, publicUrl: 'https://accounts.example.org', clock: { now: () => 0 } }
  const smtp = createSmtp({ ...settings, url: `smtp://127.0.0.1:${port}`, timeoutMs: 100 })
  t.after(async () => {
    await smtp.close()
    silent.close()
  })
  const id = '0198c5a2-7c1e-7b3a-9d42-5f6e8a1b2c3d'
  const mail = { id, userId: id, kind: 'new_device', subject: 'x', text: 'x', html: 'x' } as const
  const late: unknown = await smtp.send({ ...mail, to: 'ada@example.com' }).catch((error: unknown) => error)
  assert.match(troubleOf(readFailure(late)).says, /no answer in time; see whether a firewall/)
  const unencrypted = Object.assign(new Error('x'), { code: 'ETLS', response: '500 what?' })
  assert.match(troubleOf(readFailure(unencrypted)).says, /offers no encryption/)
  assert.equal(troubleOf(readFailure(new Error('x'))).ending, 'unreachable')
})

test('without a mail server, and for what is no address, nothing is tried', async () => {
  const none = await mailTest('')
  assert.equal(none.ending, 'configuration')
  assert.match(none.lines, /UM_SMTP_URL is not set/)
  const wrong = await mailTest('smtp://127.0.0.1:1', 'ada')
  assert.equal(wrong.ending, 'usage')
  assert.match(wrong.lines, /ada is no address/)
})

test('as a command of its own it prints, and ends with its code', async () => {
  const settings = { UM_SMTP_URL: 'smtp://127.0.0.1:1' }
  const words = ['mail', 'test', 'ada@example.com']
  const { code, stdout, stderr } = await runToEnd({ dataDir: folder, words, settings, how: 'directly' })
  assert.deepEqual([code, stdout], [5, ''])
  assert.match(stderr, /^user-management: 127\.0\.0\.1:1: nothing listens there/)
})

test('the built-in templates are written for each kind and language, and never over a file', async () => {
  const out = join(folder, 'templates')
  const said: string[] = []
  const output = { ...createOutput('text'), say: (line: string) => void said.push(line) }
  const invocation = {
    args: [],
    options: { output: 'text', out },
    output,
    end: (): void => assert.fail(),
  } as const
  await writeTemplates(invocation)
  const names = readdirSync(out)
  assert.equal(names.length, 22)
  for (const name of ['reset_password.de.json', 'common.en.json', 'layout.html', 'mail.css'])
    assert.ok(names.includes(name), name)
  assert.match(said.join(), /22 files .* UM_TEMPLATES_DIR/)
  writeFileSync(join(out, 'mail.css'), 'mine')
  await assert.rejects(writeTemplates(invocation), /mail\.css: is there already/)
  assert.equal(readFileSync(join(out, 'mail.css'), 'utf8'), 'mine')
  await assert.rejects(
    writeTemplates({ ...invocation, options: { output: 'text' } }),
    /--out <dir> is needed/,
  )
})
