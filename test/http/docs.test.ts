import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Compile } from 'typebox/schema'
import { catalogue } from '../../src/domain/errors.ts'
import { declaredErrors } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes.ts'
import { dereferenced } from '../support/openapi-check.ts'
import { startTestServer } from '../support/server.ts'

const { client } = await startTestServer()
const { document, operations } = client
const policy = (answer: { headers: Readonly<Record<string, string>> }) =>
  answer.headers['content-security-policy'] ?? ''

test('the document is valid OpenAPI 3.1 by the official schema', async () => {
  const validator = new Validator()
  const result = await validator.validate({ ...structuredClone(document) })
  assert.deepEqual(result, { valid: true })
  assert.equal(validator.version, '3.1')
})

test('the document names every documented route and no other', () => {
  const documented = routes.filter((one) => !one.undocumented).map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(
    operations.map(({ method, path }) => `${method} ${path}`).toSorted(),
    documented.toSorted(),
  )
})

test('every operation declares the codes of its route under their statuses', () => {
  for (const one of routes.filter((each) => !each.undocumented && !each.page)) {
    const operation = operations.find(({ operationId }) => operationId === one.operationId)
    const shown = Object.entries(operation?.responses ?? {}).flatMap(([status, { content }]) =>
      Object.keys(content?.['application/problem+json']?.examples ?? {}).map((code) => `${status} ${code}`),
    )
    const declared = declaredErrors(one).map((code) => `${catalogue[code].status} ${code}`)
    assert.deepEqual(shown.toSorted(), declared.toSorted(), one.operationId)
  }
})

test('every body and every answer has an example that fits its own schema', () => {
  let count = 0
  const requireFits = (where: string, schema: Readonly<Record<string, unknown>>, example: unknown) => {
    assert.notEqual(example, undefined, `${where} has no example`)
    const validator = Compile(dereferenced(schema, document))
    assert.ok(validator.Check(example), `${where}: ${JSON.stringify(validator.Errors(example))}`)
    count += 1
  }
  for (const { operationId, requestBody, responses } of operations) {
    const json = requestBody?.content['application/json']
    if (json) requireFits(`${operationId} body`, json.schema, json.example)
    for (const [status, { content }] of Object.entries(responses)) {
      for (const [type, media] of Object.entries(content ?? {})) {
        const where = `${operationId} ${status}`
        if (type === 'application/json') requireFits(where, media.schema, media.example)
        for (const [code, { value }] of Object.entries(media.examples ?? {}))
          requireFits(`${where} ${code}`, media.schema, value)
      }
    }
  }
  assert.ok(count > 200, `${count}`)
})

test('every object that comes in is closed, and every property has a type', () => {
  for (const { operationId, requestBody } of operations) {
    for (const { schema } of Object.values(requestBody?.content ?? {})) {
      const text = JSON.stringify(dereferenced(schema, document))
      if (requestBody?.content['application/json']?.schema === schema)
        assert.match(text, /"additionalProperties":false/, operationId)
      assert.doesNotMatch(text, /"properties":\{\}/)
    }
  }
})

test('every parameter of a path is declared', () => {
  for (const { operationId, path, parameters = [] } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const declared = parameters.filter((one) => one.in === 'path').map(({ name }) => name)
    assert.deepEqual(declared, named, operationId)
  }
})

test('no outside host is named in the document, but in examples', async () => {
  const { text } = await client.send('GET', '/openapi.json')
  const hosts = [...text.matchAll(/https?:\/\/([\w.:-]+)/g)].map(([, host = '']) => host)
  assert.deepEqual([...new Set(hosts)].toSorted(), ['example.com', 'localhost:8080'])
})

test('the interactive page loads its own files and nothing from outside', async () => {
  const page = await client.send('GET', '/docs')
  assert.equal(page.status, 200)
  assert.doesNotMatch(page.text, /https?:\/\/|\son\w+=|style="|<script>/)
  assert.match(policy(page), /script-src 'self'; style-src 'self'/)
  assert.doesNotMatch(policy(page), /unsafe|\*|https?:/)
  const files = [...page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
  assert.ok(files.length >= 3, files.join())
  for (const path of files) {
    const plain = await client.send('GET', path)
    assert.equal(plain.status, 200, path)
    assert.equal(plain.headers['cache-control'], 'public, max-age=600')
    assert.match(plain.headers['content-type'] ?? '', /^text\/(?:css|javascript); charset=utf-8$/)
    const zipped = await client.send('GET', path, { headers: { 'accept-encoding': 'gzip' } })
    assert.equal(zipped.headers['content-encoding'], 'gzip')
    assert.match(zipped.headers['vary'] ?? '', /accept-encoding/i)
  }
})

test('every code has a page that says what happened and what to do', async () => {
  const index = await client.send('GET', '/docs/errors')
  for (const [code, { title, action }] of Object.entries(catalogue)) {
    const page = await client.send('GET', `/docs/errors/${code}`)
    assert.equal(page.status, 200, code)
    const text = unescaped(page.text)
    assert.ok(text.includes(title), code)
    assert.ok(text.includes(action), `${code}: ${action}`)
    assert.doesNotMatch(page.text, /https?:\/\/(?!localhost)/)
    assert.match(policy(page), /^default-src 'none'; style-src 'self'/)
    assert.ok(index.text.includes(`/docs/errors/${code}`), code)
  }
})

test('an unknown code has a page of its own status, which repeats nothing of the path', async () => {
  for (const code of ['nothing', '<script>alert(1)', '__proto__', 'constructor', 'email_taken%00']) {
    const answer = await client.send('GET', `/docs/errors/${encodeURIComponent(code)}`)
    assert.equal(answer.status, 404, code)
    assert.match(answer.headers['content-type'] ?? '', /^text\/html/)
    assert.doesNotMatch(answer.text, /<script|alert|__proto__/)
  }
})

test('the type of every problem leads to its page', async () => {
  const answer = await client.send('GET', '/users/profile')
  const page = await client.send('GET', new URL(answer.problem.type).pathname)
  assert.equal(page.status, 200)
  assert.ok(page.text.includes(answer.problem.title))
})

/** Text as a reader sees it. */
function unescaped(html: string): string {
  return html
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
