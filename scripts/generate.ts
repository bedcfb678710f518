/**
 * Writes the generated files: `npm run generate`. With `--check` it writes nothing and fails if one is out of step.
 * A new one is a line in `generators`; what is made from no table of src/ is a module `generate-<what>.ts` here.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { environmentExample } from '../src/config.ts'
import { openApiDocument } from '../src/http/openapi.ts'
import { routes } from '../src/http/routes.ts'
import { generateClient } from './generate-client.ts'
import { generateCommands } from './generate-commands.ts'
import { generateCommonPasswords } from './generate-common-passwords.ts'
import { generateErrors } from './generate-errors.ts'
import { generateSettings } from './generate-settings.ts'
import { scaleDocument } from './generate-scale.ts'

const ROOT = join(import.meta.dirname, '..')

interface Generator {
  /** From the root of the checkout. */
  readonly path: string
  /** The whole content; the same for the same sources, on every machine. */
  readonly make: () => string | Promise<string>
}

export const generators: readonly Generator[] = [
  { path: 'src/crypto/common-passwords.ts', make: generateCommonPasswords },
  { path: 'docs/reference/errors.md', make: generateErrors },
  {
    path: 'docs/reference/openapi.json',
    make: () => `${JSON.stringify(openApiDocument(routes), null, 2)}\n`,
  },
  { path: 'client/src/operations.ts', make: generateClient },
  { path: 'docs/reference/settings.md', make: generateSettings },
  { path: 'docs/reference/commands.md', make: generateCommands },
  { path: '.env.example', make: environmentExample },
  { path: 'docs/explain/scale.md', make: scaleDocument },
]

/** The files whose content is not what their generator makes. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = []
  for (const { path, make } of generators) {
    if (current(path) !== (await make())) stale.push(path)
  }
  return stale
}

function current(path: string): string | null {
  const file = join(ROOT, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

async function write({ path, make }: Generator): Promise<void> {
  const content = await make()
  if (current(path) === content) return
  const file = join(ROOT, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  process.stdout.write(`wrote ${path}\n`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  if (!values.check) {
    for (const generator of generators) await write(generator)
    return
  }
  const stale = await staleFiles()
  for (const path of stale) process.stdout.write(`${path} is out of step: run npm run generate\n`)
  if (stale.length > 0) process.exitCode = 1
}

if (import.meta.main) await main()
