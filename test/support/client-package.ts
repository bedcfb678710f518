import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { temporaryFolder } from './process.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The package of the client as `npm pack` would build it, in a folder that ends with the tests. */
export function buildClient(): string {
  const outDir = join(temporaryFolder(), 'dist')
  execFileSync(join(ROOT, 'node_modules', '.bin', 'tsc'), [
    '--project',
    join(ROOT, 'client'),
    '--outDir',
    outDir,
  ])
  return outDir
}
