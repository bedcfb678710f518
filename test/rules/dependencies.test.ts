/** What we build on: pinned, recorded with a reason, new enough, and nothing that is known to be unfit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone, read, sources } from './source.ts'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly dev?: boolean
  readonly link?: boolean
}

/** The first version without the flaw that we know of. */
const AT_LEAST: Readonly<Record<string, string>> = {
  // Validation by content type can be bypassed before (CVE-2026-33806).
  fastify: '5.8.5',
  // Before, the address parser sends to another domain and recurses without end (GHSA-mm7p-fcc7-pg87, CVE-2025-14874).
  nodemailer: '7.0.11',
  jose: '6.2.3',
}

/** Not even as a dependency of a dependency. */
const FORBIDDEN = [
  'fast-jwt',
  'jsonwebtoken',
  'jws',
  'jwt-simple',
  '@fastify/jwt',
  '@fastify/auth',
  '@fastify/express',
  '@fastify/middie',
  '@fastify/session',
  'mongoose',
  'typescript-eslint',
  'dependency-cruiser',
]

const manifest: Manifest = JSON.parse(read('package.json'))
const lockfile: { packages: Readonly<Record<string, Locked>> } = JSON.parse(read('package-lock.json'))
const locked = Object.entries(lockfile.packages).filter(([path]) => path !== '')
const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

function atLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (have?.[index] ?? 0) - (need?.[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}

test('every dependency is pinned to one version', () => {
  const { dependencies, optionalDependencies, devDependencies } = manifest
  const all = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies })
  assertNone(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name]) => name))
})

test('every run-time dependency has its reason in a decision record', () => {
  const records = sources('docs/decisions/*.md').map(({ text }) => text)
  const names = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  const recorded = (name: string): boolean =>
    records.some((text) =>
      text.split('\n').some((line) => line.includes(`\`${name}\``) && line.trim().length > name.length + 30),
    )
  assertNone(names.filter((name) => !recorded(name)))
})

test('no decision record gives reasons for a package that is not used any more', () => {
  const rows = sources('docs/decisions/*-dependencies.md').flatMap(
    ({ text }) => text.match(/^\| `[^|]+\|/gm) ?? [],
  )
  const names = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''))
  const used = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
  assert.ok(names.length > 0)
  assertNone(names.filter((name) => !used.includes(name)))
})

test('every entry of the lockfile has a version and a hash, so that npm ci installs what was reviewed', () => {
  assert.ok(locked.length > 50)
  assertNone(
    locked.filter(([, entry]) => !entry.version || !entry.integrity || entry.link).map(([path]) => path),
  )
})

test('no package is older than the first version without a known flaw', () => {
  const old = locked.filter(([path, { version = '0' }]) => {
    const minimum = AT_LEAST[nameOf(path)]
    return minimum !== undefined && !atLeast(version, minimum)
  })
  assertNone(old.map(([path, { version }]) => `${path} ${version}`))
  const names = locked.map(([path]) => nameOf(path))
  assertNone(Object.keys(AT_LEAST).filter((name) => !names.includes(name)))
})

test('no forbidden package is installed, however deep (rows 32, 52)', () => {
  assertNone(locked.map(([path]) => path).filter((path) => FORBIDDEN.includes(nameOf(path))))
})

test('npm runs no install script', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m)
})
