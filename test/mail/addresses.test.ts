/** Addresses that mail programs read in more ways than one, from the request to the envelope of the mail. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readEmail } from '../../src/domain/keys.ts'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import { startTestServer } from '../support/server.ts'
import { addressCorpus, foldsToAscii } from '../support/address-corpus.ts'

const capture = await startCaptureSmtp()
const { client, deps, log } = await startTestServer({
  UM_SMTP_URL: capture.url,
  UM_MAIL_FROM: 'accounts@service.example',
})
after(() => capture.close())
const { taken, refused } = addressCorpus()
const password = 'correct horse battery staple'

function codeOf(character: string): string {
  return `U+${character.codePointAt(0)?.toString(16)}`
}

function register(username: string, email: string) {
  return client.send('POST', '/users/register', { json: { username, email, password } })
}

test('the corpus has hundreds of addresses, none of which is both taken and refused', () => {
  assert.ok(taken.length >= 60 && taken.length + refused.length >= 400, `${taken.length} ${refused.length}`)
  assert.deepEqual(
    taken.filter((each) => refused.includes(each)),
    [],
  )
})

test('a mail to any address that is taken has one recipient, the stored address (I8, row 7)', async () => {
  const stored: string[] = []
  for (const [index, address] of taken.entries()) {
    const answer = await register(`reader-${index}`, address)
    assert.equal(answer.status, 201, `${address}: ${answer.text}`)
    const { email } = answer.json<{ email: string }>()
    const [local, domain = ''] = email.split('@')
    assert.equal(local, address.trim().split('@')[0], 'the local part stays as it was typed')
    assert.match(domain, /^[a-z0-9.-]+$/)
    stored.push(email)
  }
  await capture.taken(taken.length)
  const lines = stored.map((each) => `RCPT TO:<${each}>`)
  assert.deepEqual(capture.rcptCommands.toSorted(), lines.toSorted())
  for (const mail of capture.mails) {
    assert.equal(mail.recipients.length, 1)
    assert.equal(mail.headers.get('cc') ?? mail.headers.get('bcc'), undefined)
    const to = mail.headers.get('to')?.replace(/^<(.*)>$/, '$1') ?? ''
    assert.ok(stored.includes(to), to)
  }
})

test('an address that is refused is a 422 at its field wherever it is given, and no mail leaves (I8, row 8)', async () => {
  const before = capture.rcptCommands.length
  const places = [
    (email: string) => register('nobody', email),
    (email: string) => client.send('POST', '/users/reset-password', { json: { email } }),
    (email: string) => client.send('POST', '/users/verify-email', { json: { email } }),
  ]
  for (const send of places) {
    for (let at = 0; at < refused.length; at += 16) {
      const some = refused.slice(at, at + 16)
      for (const [index, answer] of (await Promise.all(some.map(send))).entries()) {
        const address = some[index] ?? ''
        // The reader of JSON refuses these two in any text.
        if (address.includes('\0') || !address.isWellFormed())
          assert.equal(answer.problem.code, 'json_invalid', JSON.stringify(address))
        else assert.deepEqual(answer.fieldErrors, ['/email email_format'], JSON.stringify(address))
      }
    }
  }
  assert.equal(capture.rcptCommands.length, before)
  assert.equal(await deps.store.findUserByIdentifier({ key: 'u:nobody' }), null)
  assert.deepEqual(
    log.filter(({ level }) => level === 'error'),
    [],
  )
})

test('no address costs much more to read than a plain one, ten kilobytes of nested groups included (I8, row 8)', () => {
  const nested = 'g:'.repeat(2500) + ';'.repeat(2500)
  const long = [
    `${nested}@example.com`,
    `${'('.repeat(5000)}${')'.repeat(5000)}a@example.com`,
    `"${'\\"'.repeat(5000)}"@example.com`,
    `${'<'.repeat(5000)}a@b.example${'>'.repeat(5000)}`,
    `a@${'a.'.repeat(5000)}example`,
    `${'a.'.repeat(5000)}a@example.com`,
    'a@b,'.repeat(2500),
    '@'.repeat(10_000),
    ' '.repeat(10_000),
    `a@${'xn--'.repeat(2500)}.example`,
    `a@${'\u00fc'.repeat(5000)}.example`,
    `a${'\u0300'.repeat(5000)}@example.com`,
    '\ufdfa'.repeat(5000),
  ]
  const timeOf = (address: string, expected: boolean) => {
    const rounds = Array.from({ length: 5 }, () => {
      const began = performance.now()
      assert.equal(readEmail(address) !== null, expected, address.slice(0, 20))
      return performance.now() - began
    })
    return Math.min(...rounds)
  }
  const plain = timeOf('ada@example.com', true)
  for (const address of [...long, ...refused]) {
    const ms = timeOf(address, false)
    assert.ok(ms < plain * 10 + 2, `${address.slice(0, 20)} ${ms} ms, a plain one ${plain} ms`)
  }
})

test('no character that folds to an ASCII one makes an address another one (I8, row 5)', async () => {
  const characters = foldsToAscii()
  assert.ok(characters.length >= 1425, `${characters.length}`)
  const { email } = (await register('victim', 'thequickbrownfox.jumpsoverlazydog@example.com')).json<{
    email: string
  }>()
  for (const { character, ascii } of characters) {
    const [local = '', domain = ''] = email.split('@')
    const replaced = `${local.replace(ascii, character)}@${domain}`
    for (const address of [replaced, `x${character}${email}`, `${local}${character}@${domain}`])
      if (address !== email) assert.equal(readEmail(address), null, `${codeOf(character)} in ${address}`)
    // In a domain it is a letter like any other, of another host.
    for (const host of [domain.replace(ascii, character), `${character}${domain}`]) {
      const read = host === domain ? null : readEmail(`${local}@${host}`)
      assert.notEqual(read?.key, `e:${email}`, `${codeOf(character)} in ${host}`)
      if (read) assert.match(read.address, /^[a-z.]+@[a-z0-9.-]+$/)
    }
  }
  await capture.taken(taken.length + 1)
  const before = capture.rcptCommands.length
  const sample = characters.filter(({ ascii }) => email.includes(ascii))
  assert.ok(sample.length > 300, `${sample.length}`)
  for (let at = 0; at < sample.length; at += 16) {
    const answers = await Promise.all(
      sample.slice(at, at + 16).map(({ character, ascii }) => {
        const json = { email: email.replace(ascii, character) }
        return client.send('POST', '/users/reset-password', { json })
      }),
    )
    for (const answer of answers) assert.deepEqual(answer.fieldErrors, ['/email email_format'])
  }
  assert.equal(capture.rcptCommands.length, before)
})
