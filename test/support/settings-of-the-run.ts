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

/** Where the tests get MongoDB from: a server that runs, or a `mongod` that they start themselves. */
export type MongodbSource = { readonly url: string } | { readonly binary: string }

/**
 * `UM_TEST_MONGODB_URL`, else the `mongod` that `MONGOMS_SYSTEM_BINARY` names, else the one on the `PATH`; null where
 * there is none. What needs one has `mongodb` in its file name: without it, the whole file is left out of the run.
 */
export function mongodbSource(): MongodbSource | null {
  const url = process.env['UM_TEST_MONGODB_URL']
  if (url) return { url }
  const given = process.env['MONGOMS_SYSTEM_BINARY']
  if (given) return { binary: given }
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const binary = folders.map((folder) => join(folder, 'mongod')).find((file) => existsSync(file))
  return binary === undefined ? null : { binary }
}
