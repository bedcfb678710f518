/** A linter that is configured wrongly reports nothing. So each rule is shown code that it must refuse. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from './source.ts'

const LONG = Array.from({ length: 300 }, () => '  n += 1').join('\n')

/** What each rule has to find, and where. */
const BAD: Readonly<Record<string, string>> = {
  'src/domain/promises.ts': `
    export async function later(): Promise<boolean> { return Promise.resolve(true) }
    export function bad(): void { later() /* typescript(no-floating-promises) */ }
    export function worse(): string { return later() ? 'a' : 'b' /* typescript(no-misused-promises) */ }`,
  'src/domain/types.ts': `
    export function any(value: any): void { throw 'text' /* typescript(no-explicit-any) typescript(only-throw-error) */ }
    export function bang(value?: string): string { return value! /* typescript(no-non-null-assertion) */ }
    export function part(value: 'a' | 'b'): void { switch (value) { case 'a': return } /* typescript(switch-exhaustiveness-check) */ }
    export default bang /* import(no-default-export) */`,
  'src/domain/first.ts': `import { second } from './second.ts'\nexport const first = (): string => second() /* import(no-cycle) */`,
  'src/domain/second.ts': `import { first } from './first.ts'\nexport const second = (): string => first()`,
  'src/domain/barrel.ts': `export * from './first.ts' /* oxc(no-barrel-file) */`,
  'src/domain/long.ts': `
    export function four(a: number, b: number, c: number, d: number): number { return a + b + c + d /* eslint(max-params) */ }
    export function long(): number { let n = 0\n${LONG}\n return n /* eslint(max-lines) eslint(max-lines-per-function) */ }`,
  'src/domain/machine.ts': `
    export const now = (): number => Date.now() /* eslint(no-restricted-properties) */
    export function say(): void { console.log('x') /* eslint(no-console) */ }`,
  'src/store/sqlite/functions.ts': `
    import type { DatabaseSync } from 'node:sqlite'
    export function open(db: DatabaseSync): void {
      db.function('f', () => 1) /* eslint(no-restricted-properties) */
      db.createSession() /* eslint(no-restricted-properties) */
    }`,
  'src/domain/random.ts': `export const dice = (): number => Math.random() /* eslint(no-restricted-properties) */`,
}

interface Report {
  readonly diagnostics: readonly { readonly code: string; readonly filename: string }[]
}

function lint(files: Readonly<Record<string, string>>): Report {
  const folder = mkdtempSync(join(tmpdir(), 'um-lint-'))
  try {
    for (const name of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(ROOT, name), join(folder, name))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), `${text.trim()}\n`)
    }
    const args = [join(ROOT, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', 'src']
    const result = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    return JSON.parse(result.stdout)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('every rule that we rely on refuses a bad sample', () => {
  const { diagnostics } = lint(BAD)
  const count = (file: string, code: string): number =>
    diagnostics.filter((each) => each.filename.endsWith(file) && each.code === code).length
  for (const [file, text] of Object.entries(BAD)) {
    const expected = [...text.matchAll(/\w+\([a-z-]+\)(?=[^*]*\*\/)/g)]
      .map(([code]) => code)
      .filter((code) => code.includes('-'))
    for (const code of expected) {
      assert.ok(
        count(file, code) >= expected.filter((each) => each === code).length,
        `${code} is silent in ${file}`,
      )
    }
  }
})

test('good code passes the same rules', () => {
  const good = `/** Adds. */\nexport function sum(a: number, b: number): number {\n  return a + b\n}\n`
  assert.deepEqual(lint({ 'src/domain/sum.ts': good }).diagnostics, [])
})
