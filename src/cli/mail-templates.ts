import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtInFiles } from '../mail/template-folder.ts'
import { commandError } from './exit-codes.ts'
import { valueOf, type Invocation } from './invocation.ts'

/** Writes the built-in templates; never over a file that is there. */
export async function writeTemplates(invocation: Invocation): Promise<void> {
  const folder = valueOf(invocation, 'out')
  if (folder === null) throw commandError('usage', 'error: --out <dir> is needed.')
  const files = [...builtInFiles()].map(([name, text]) => ({ path: join(folder, name), text }))
  const there = files.filter(({ path }) => existsSync(path)).map(({ path }) => path)
  if (there.length > 0) {
    throw commandError(
      'failed',
      `${there.join(', ')}: is there already; take another folder. Nothing was written.`,
    )
  }
  try {
    mkdirSync(folder, { recursive: true })
    for (const { path, text } of files) writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw commandError('failed', `The folder ${folder} cannot be written (${code}); take another one.`)
  }
  invocation.output.say(
    `${files.length} files are in ${folder}. Keep those that you change, take the others out (they would ` +
      'hide what later versions improve), and set UM_TEMPLATES_DIR to the folder.',
  )
}
