/** What broke elsewhere by settings, by queries and by what was read too widely (security: section 2.6). */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadMasterKey } from '../../src/crypto/master-key.ts'
import { warnOfVersion } from '../../src/store/mongodb/topology.ts'
import { assertNone, codeOnly, places, sources, withoutComments } from '../rules/source.ts'
import { newKeptLog } from '../support/store-fixtures.ts'

test('only one module reads what a request says about its host, and one its forwarded addresses (rows 1, 3)', () => {
  const files = sources('src/http/**/*.ts', 'src/web/**/*.ts', 'src/domain/**/*.ts', 'src/app.ts')
  const host = /\brequest(?:\.raw)?\.(?:host|hostname|protocol|ips?)\b|\bheaders\.host\b|\bheader\('host'\)/g
  const pulled = /\b(?:const|let) \{[^}]*\bhost\b[^}]*\} = (?:request\.)?headers\b/g
  const forwarded =
    /['"`](?:x-)?forwarded\b|['"`](?:x-(?:real-ip|host|original-\w+|rewrite-url|client-ip))\b/g
  const reading = (pattern: RegExp, except: readonly string[]) =>
    files
      .filter(({ path }) => !except.includes(path))
      .flatMap((source) => places(source, pattern, withoutComments(source.text)))
  assertNone(reading(host, ['src/http/guards.ts']))
  assertNone(reading(pulled, ['src/http/guards.ts']))
  assertNone(reading(forwarded, ['src/http/guards.ts', 'src/http/mount.ts']))
  const mount = sources('src/http/mount.ts')[0]
  assert.ok(mount)
  const inMount = places(mount, forwarded, withoutComments(mount.text))
  assert.equal(inMount.length, 1, 'the list of addresses, for the network of a caller and nothing else')
  assert.match(inMount.join(), /'x-forwarded/)
  assertNone(files.flatMap((source) => places(source, /\btrustProxy\b/g, codeOnly(source.text))))
})

test('no statement shows fields that a request chose: projections are written out (row 53)', () => {
  // They are made of the tables of indexes, of registry entries and of records, which are constants themselves.
  const made = ['sweep', 'user-walks', 'records'].map((name) => `src/store/mongodb/${name}.ts`)
  const files = sources('src/store/mongodb/*.ts')
  const found = files.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(/\bprojection\b(?<value>[^\n]*)/g)].map((match) => ({
      path,
      value: match.groups?.['value'] ?? '',
    })),
  )
  assert.ok(found.length > 8)
  const computed = found.filter(({ value }) => !/^: \{ (?:'?[\w.]+'?: 1(?:, )?)+ \}/.test(value))
  assertNone(
    computed.filter(({ path }) => !made.includes(path)).map(({ path, value }) => `${path}: ${value}`),
  )
  const sql = sources('src/store/sqlite/*.ts').filter(({ text }) =>
    /SELECT[^`]*\$\{[^}]*(?:request|query|input)/i.test(text),
  )
  assertNone(sql.map(({ path }) => path))
})

const folder = mkdtempSync(join(tmpdir(), 'um-key-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('a key file that an editor has given a mark, spaces or other line ends holds the same key (row 28)', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7))
  const forms = [key.toString('hex'), key.toString('base64')]
  for (const form of forms) {
    for (const text of [
      form,
      `  ${form}`,
      `${form}  \n`,
      `${form}\r\n`,
      `\uFEFF${form}\n`,
      `\uFEFF ${form}\r\n\r\n`,
    ]) {
      const file = join(folder, 'master.key')
      writeFileSync(file, text, { mode: 0o600 })
      assert.deepEqual(loadMasterKey({ file, create: false }).keys, [key], JSON.stringify(text))
      rmSync(file)
    }
  }
})

test('a MongoDB that gives away its memory is warned about in capitals with the way out, a patched one is not (row 62)', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['6.0.5', '6.0.27'],
    ['6.0.26', '6.0.27'],
    ['6.0.27', null],
    ['6.3.2', 'a patched release'],
    ['7.0.27', '7.0.28'],
    ['7.0.28', null],
    ['8.0.16', '8.0.17'],
    ['8.0.17', null],
    ['8.1.2', 'a patched release'],
    ['8.2.2', '8.2.3'],
    ['8.2.3', null],
    ['8.3.0', null],
    ['9.0.0', null],
  ]
  for (const [version, remedy] of cases) {
    const log = newKeptLog()
    warnOfVersion({ version, versionArray: [...version.split('.').map(Number), 0] }, log)
    const said = log.lines.join('\n')
    assert.equal(said !== '', remedy !== null, version)
    if (remedy) assert.ok(/CVE-2025-14847/.test(said) && said.includes(`install ${remedy}`), said)
  }
  const log = newKeptLog()
  warnOfVersion({}, log)
  assert.equal(log.lines.length, 1, 'what does not say its version is not taken for patched')
})
