import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * The Chromium that browser tests drive: `CHROMIUM_PATH`, else `chromium` on the `PATH`; null where there is none.
 * A test that needs it ends in `.browser.test.ts`: without a Chromium, the whole file is left out of the run.
 */
export function chromiumPath(): string | null {
  const given = process.env['CHROMIUM_PATH']
  if (given) return given
  const folders = ['/usr/bin', ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'chromium')).find((file) => existsSync(file)) ?? null
}
