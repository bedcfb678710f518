/** Who may import whom: the table of the architecture, walked over all of src/. */
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import {
  assertNone,
  importsOf,
  places,
  sources,
  withoutComments,
  type Import,
  type Source,
} from './source.ts'

interface Ring {
  /** A folder (ending in a slash) or one file, below src/. */
  readonly where: string
  /** Folders and files below src/ that it may import. */
  readonly inner: readonly string[]
  /** What it may import from outside: packages, `node:` modules; a trailing * stands for anything. */
  readonly outer: readonly string[]
}

/** The first line that fits a file counts. */
const RINGS: readonly Ring[] = [
  { where: 'domain/', inner: ['domain/'], outer: [] },
  {
    where: 'crypto/',
    inner: ['crypto/', 'domain/'],
    outer: [
      'node:crypto',
      'node:os',
      'node:worker_threads',
      'bcryptjs',
      'jose',
      'piscina',
      '@node-rs/argon2',
    ],
  },
  {
    where: 'store/sqlite/',
    inner: ['store/sqlite/', 'domain/'],
    outer: ['node:sqlite', 'node:worker_threads', 'node:fs', 'node:path'],
  },
  { where: 'store/mongodb/', inner: ['store/mongodb/', 'domain/'], outer: ['mongodb', 'dataloader'] },
  { where: 'store/open-store.ts', inner: ['store/sqlite/', 'store/mongodb/', 'domain/'], outer: [] },
  { where: 'store/ledger-file.ts', inner: ['domain/'], outer: ['node:fs', 'node:path'] },
  {
    // web/mail.css is read as text and goes into every mail.
    where: 'mail/',
    inner: ['mail/', 'domain/', 'texts/', 'web/html.ts', 'web/mail.css'],
    outer: ['nodemailer', 'node:fs', 'node:path'],
  },
  {
    where: 'http/',
    inner: ['http/', 'domain/', 'texts/', 'web/'],
    outer: ['fastify', '@fastify/*', 'typebox', 'node:fs', 'node:path'],
  },
  // Outgoing requests that are no mail, through the fetch of the platform.
  { where: 'net/', inner: ['domain/'], outer: ['node:crypto'] },
  // The words of mails and pages, one file a language.
  { where: 'texts/', inner: ['texts/', 'domain/'], outer: [] },
  { where: 'web/', inner: ['web/', 'domain/', 'texts/'], outer: [] },
  { where: 'import/', inner: ['import/', 'domain/'], outer: ['csv-parse', '@streamparser/json', 'node:*'] },
  { where: 'observe/', inner: ['observe/', 'domain/'], outer: ['pino', 'prom-client'] },
  {
    where: 'cli/',
    // The document of the API is made from the table of routes, a list of passwords without a server too;
    // what is imported is read where the command runs.
    inner: [
      'cli/',
      'app.ts',
      'config.ts',
      'control.ts',
      'copy-store.ts',
      'crypto/password-list-builder.ts',
      'domain/',
      'http/openapi.ts',
      'http/routes.ts',
      'mail-server.ts',
      'mail/template-folder.ts',
      'observe/log.ts',
      'restore.ts',
      'store/ledger-file.ts',
      'import/',
    ],
    outer: ['commander', 'node:*'],
  },
  // The folder of mail templates is a setting that is read at once, like a file of roles.
  {
    where: 'config.ts',
    inner: ['domain/', 'mail/template-folder.ts', 'mail/templates.ts'],
    outer: ['node:*'],
  },
  { where: 'main.ts', inner: ['cli/'], outer: ['node:*'] },
  { where: 'app.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'assemble.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'control.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'mail-server.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'copy-store.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'control-listener.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'housekeeping.ts', inner: ['assemble.ts', 'domain/'], outer: [] },
  { where: 'restore.ts', inner: ['*'], outer: ['node:*'] },
  { where: 'settle-first-admin.ts', inner: ['config.ts', 'domain/'], outer: [] },
]

/** What single files may import besides, with the reason. */
const EXTRAS: readonly {
  readonly file: string
  readonly outer: readonly string[]
  readonly reason: string
}[] = [
  { file: 'crypto/master-key.ts', outer: ['node:fs', 'node:path'], reason: "reads the operator's key file" },
  { file: 'crypto/password-list.ts', outer: ['node:fs'], reason: 'reads a list where it is asked' },
  { file: 'http/network.ts', outer: ['node:net'], reason: 'tells addresses and blocks of them apart' },
  {
    file: 'http/assets.ts',
    outer: ['swagger-ui-dist', 'node:util', 'node:zlib'],
    reason: 'serves the files that pages load, compressed once',
  },
  {
    file: 'store/sqlite/backup-mark.ts',
    outer: ['node:crypto'],
    reason: 'closes a copy with the checksum of its bytes',
  },
  {
    file: 'store/sqlite/owner-lock.ts',
    outer: ['node:timers'],
    reason: 'waits for the previous owner',
  },
]

/** What a rule of the domain may not reach as a global either: the machine comes in through `Deps`. */
const MACHINE =
  /(?<![.\w$])(?:process|globalThis|fetch|crypto|performance|console|Buffer|set(?:Timeout|Interval|Immediate))\s*[.([]/g

const all = sources('src/**/*.ts')
const below = ({ path }: Source): string => path.slice('src/'.length)

function ringOf(source: Source): Ring | undefined {
  return RINGS.find(({ where }) => fits(below(source), where))
}

function fits(name: string, pattern: string): boolean {
  if (pattern.endsWith('*')) return name.startsWith(pattern.slice(0, -1))
  return name === pattern || (pattern.endsWith('/') && name.startsWith(pattern))
}

/** `typebox/value` belongs to the package `typebox`, `@fastify/cors/x` to `@fastify/cors`, `node:fs/promises` to `node:fs`. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function allowed(source: Source, ring: Ring, { specifier }: Import): boolean {
  const extra = EXTRAS.find(({ file }) => file === below(source))
  const outer = [...ring.outer, ...(extra?.outer ?? [])]
  if (!specifier.startsWith('.')) return outer.some((pattern) => fits(packageOf(specifier), pattern))
  const target = posix.join(posix.dirname(below(source)), specifier)
  return !target.startsWith('..') && ring.inner.some((pattern) => fits(target, pattern))
}

test('every source file belongs to a ring of the import table', () => {
  assert.ok(all.length > 0)
  assertNone(all.filter((source) => !ringOf(source)).map(({ path }) => path))
})

test('no file imports what the table does not allow its ring', () => {
  const wrong = all.flatMap((source) => {
    const ring = ringOf(source)
    const found = importsOf(source.text).filter((each) => ring && !allowed(source, ring, each))
    return found.map(({ specifier, line }) => `${source.path}:${line} may not import ${specifier}`)
  })
  assertNone(wrong)
})

test('every exception to the table is needed', () => {
  const unused = EXTRAS.flatMap(({ file, outer }) => {
    const imports = all.filter((source) => below(source) === file).flatMap((source) => importsOf(source.text))
    return outer
      .filter((name) => !imports.some(({ specifier }) => packageOf(specifier) === name))
      .map((name) => `${file}: ${name}`)
  })
  assertNone(unused)
})

test('what is imported can be told from the text: no computed import, no require, no import without .ts', () => {
  const computed = all.flatMap((source) =>
    places(
      source,
      /\b(?:import\s*\((?!\s*['"])|require\s*\(|createRequire\b)/g,
      withoutComments(source.text),
    ),
  )
  const bare = all.flatMap((source) =>
    importsOf(source.text)
      .filter(
        ({ specifier, kind }) =>
          kind !== 'address' && specifier.startsWith('.') && !specifier.endsWith('.ts'),
      )
      .map(({ specifier, line }) => `${source.path}:${line} ${specifier}`),
  )
  assertNone([...computed, ...bare])
})

test('the adapters are loaded on first use, so that nobody pays for the engine that is not used', () => {
  const eager = all
    .filter((source) => source.path === 'src/store/open-store.ts')
    .flatMap((source) => importsOf(source.text))
    .filter(({ specifier, kind }) => !specifier.includes('/domain/') && kind === 'static')
  assertNone(eager.map(({ specifier }) => specifier))
})

test('the domain reaches no global of the machine either', () => {
  const found = all
    .filter((source) => source.path.startsWith('src/domain/'))
    .flatMap((source) => places(source, MACHINE))
  assertNone(found)
})

test('time and randomness come from Deps: nothing but app.ts asks the machine for them', () => {
  const pattern = /\bDate\.now\b|\bnew Date\s*(?:\(\s*\)|(?![\s(\w]))|(?<!new )\bDate\s*\(|\bMath\.random\b/g
  const found = all
    .filter((source) => source.path !== 'src/app.ts')
    .flatMap((source) => places(source, pattern))
  assertNone(found)
})
