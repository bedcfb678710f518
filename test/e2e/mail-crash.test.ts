/** `kill -9` between the mail server's 250 and our note of it: one mail twice, under one Message-ID, and no other. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCaptureSmtp } from '../support/capture-smtp.ts'
import { clientOf, mailTo } from '../support/process-client.ts'
import { fixedPort, startServer, temporaryFolder, within } from '../support/process.ts'

test('a server killed between the answer to a mail and the note of it sends that mail again, and no other one', async (t) => {
  const smtp = await startCaptureSmtp()
  const dataDir = join(temporaryFolder(), 'data')
  const settings = {
    UM_PORT: String(await fixedPort()),
    UM_SMTP_URL: smtp.url,
    UM_MAIL_FROM: 'accounts@example.org',
  }
  const launch = { dataDir, settings, how: 'directly' } as const
  const first = await startServer(launch)
  t.after(async () => {
    await first.end('SIGKILL')
    await smtp.close()
  })
  const register = async (url: string, username: string) => {
    const body = { username, email: `${username}@example.com`, password: 'seventeen purple umbrellas' }
    const answer = await clientOf(url)('POST /users/register', { body })
    assert.equal(answer.status, 201, answer.text)
  }
  await register(first.url, 'before')
  await within(smtp.taken(1), 'the first mail')
  await mailTo(clientOf(first.url), 'before@example.com', 'verify_email')

  // Stopped, it cannot read the 250 that is on its way; killed, it never does.
  smtp.beforeAnswer(() => {
    smtp.beforeAnswer(null)
    process.kill(first.pid, 'SIGSTOP')
  })
  await register(first.url, 'unlucky')
  await within(smtp.taken(2), 'the second mail')
  await first.end('SIGKILL')

  const second = await startServer(launch)
  t.after(() => second.end('SIGKILL'))
  await within(smtp.taken(3), 'the second mail once more')
  await register(second.url, 'after')
  await within(smtp.taken(4), 'the mail after it')
  await mailTo(clientOf(second.url), 'after@example.com', 'verify_email')
  await second.end('SIGTERM')

  const got = smtp.mails.map(({ recipients, headers }) => [recipients.join(), headers.get('message-id')])
  assert.deepEqual(
    got.map(([to]) => to),
    ['before', 'unlucky', 'unlucky', 'after'].map((name) => `${name}@example.com`),
  )
  assert.equal(got[1]?.[1], got[2]?.[1])
  assert.equal(new Set(got.map(([, id]) => id)).size, 3)
})
