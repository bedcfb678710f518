/** The client in a real browser, on a page of another origin. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { newPage, openBrowser } from '../support/browser.ts'
import { buildClient } from '../support/client-package.ts'
import { startTestServer } from '../support/server.ts'

test('a page of another origin registers, signs in and reads the profile', async () => {
  const { port } = await startTestServer()
  const dist = buildClient()
  const site = createServer(({ url = '/' }, response) => {
    const script = url.endsWith('.js')
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(script ? readFileSync(join(dist, url)) : '<!doctype html><title>An app</title>')
  })
  await new Promise<void>((listening) => site.listen(0, 'localhost', listening))
  const browser = await openBrowser()
  after(async () => {
    await browser.close()
    site.close()
  })
  const { page, complaints } = await newPage(browser)
  const { port: sitePort } = site.address() as AddressInfo
  await page.goto(`http://localhost:${sitePort}/`)
  const seen = await page.evaluate(
    async ([site, baseUrl]) => {
      const { createClient } = await import(`${site}/client.js`)
      const client = createClient({ baseUrl })
      const account = { username: 'browser', email: 'browser@example.com', password: 'nine brown paper bags' }
      const registered = await client.register({ body: account })
      const { email, password } = account
      const wrong = await client.login({ body: { email, password: 'not the password' } })
      const signedIn = await client.login({ body: { email, password } })
      const profile = await client.profileRead()
      return [
        registered.status,
        wrong.problem.code,
        signedIn.status,
        profile.data.username,
        profile.headers.get('etag'),
      ]
    },
    [`http://localhost:${sitePort}`, `http://localhost:${port}`],
  )
  assert.deepEqual(seen, [201, 'invalid_credentials', 200, 'browser', '"1"'])
  assert.deepEqual(complaints, [])
})
