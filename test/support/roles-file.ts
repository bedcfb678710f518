import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Permission } from '../../src/domain/policy.ts'

/** The settings of a server with these roles besides the built-in ones. The file goes with this process. */
export function settingsWithRoles(
  roles: Readonly<Record<string, readonly Permission[]>>,
): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'um-roles-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'roles.json')
  writeFileSync(file, JSON.stringify(roles))
  return { UM_ROLES_FILE: file }
}
