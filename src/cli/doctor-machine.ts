/** What can be seen of this machine without opening the data. */
import { statfsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { checkup as limits } from '../domain/limits.ts'
import { verdict, type Check } from './check.ts'

const RIGHTS_OF_OTHERS = 0o077

export function machineChecks(config: Config): readonly Check[] {
  const dataDir = resolve(config.dataDir)
  const keyFile = config.masterKeyFile ?? join(dataDir, 'master.key')
  return [
    nodeCheck(),
    publicUrlCheck(config),
    rightsCheck('data folder', dataDir, `chmod 700 ${dataDir}`),
    rightsCheck('master key', keyFile, `chmod 600 ${keyFile}`),
    diskCheck(dataDir),
  ]
}

function nodeCheck(): Check {
  const major = Number(process.versions.node.split('.')[0])
  const old = major < limits.nodeMajorMin
  return verdict(
    'node',
    process.version,
    old ? ['fail', `Install Node ${limits.nodeMajorMin} or newer.`] : null,
  )
}

function publicUrlCheck({ mode, publicUrl }: Config): Check {
  const url = publicUrl ?? 'http://localhost, in development only'
  const open = mode === 'production' && !url.startsWith('https:')
  return verdict('public url', url, open ? ['fail', 'Set UM_PUBLIC_URL to an https:// URL.'] : null)
}

/** Whoever reads the key can sign as this server, and open everything that is sealed. */
function rightsCheck(check: string, path: string, mend: string): Check {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found)
    return verdict(check, `${path} is not there`, ['fail', 'Start the server once, or correct its path.'])
  const rights = (found.mode & 0o777).toString(8).padStart(4, '0')
  const open = process.platform !== 'win32' && (found.mode & RIGHTS_OF_OTHERS) !== 0
  return verdict(check, `${path}, rights ${rights}`, open ? ['fail', `Run "${mend}".`] : null)
}

function diskCheck(dataDir: string): Check {
  if (!statSync(dataDir, { throwIfNoEntry: false })) return verdict('disk', 'unknown: no data folder', null)
  const { bavail, bsize } = statfsSync(dataDir)
  const bytes = bavail * bsize
  const detail = `${(bytes / 1e9).toFixed(1)} GB free`
  const remedy = 'Make room: scrubbing and upgrading need as much as the database file again.'
  if (bytes < limits.diskFailBytes) return verdict('disk', detail, ['fail', remedy])
  return verdict('disk', detail, bytes < limits.diskWarnBytes ? ['warn', remedy] : null)
}
