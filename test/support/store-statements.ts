/** Every SQL statement of the SQLite adapter, by the file that has it. */
import { sql as audit } from '../../src/store/sqlite/audit.ts'
import { sql as identifiers } from '../../src/store/sqlite/identifiers.ts'
import { sql as inbox } from '../../src/store/sqlite/inbox.ts'
import { sql as keys } from '../../src/store/sqlite/keys.ts'
import { sql as mail } from '../../src/store/sqlite/mail.ts'
import { sql as meta } from '../../src/store/sqlite/meta.ts'
import { sql as sessions } from '../../src/store/sqlite/sessions.ts'
import { sql as sweep } from '../../src/store/sqlite/sweep.ts'
import { sql as tokens } from '../../src/store/sqlite/tokens.ts'
import { sql as userRows } from '../../src/store/sqlite/user-rows.ts'
import { registry } from '../../src/store/sqlite/registry.ts'

const byFile: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'audit.ts': audit,
  'identifiers.ts': identifiers,
  'inbox.ts': inbox,
  'keys.ts': keys,
  'mail.ts': mail,
  'meta.ts': meta,
  'sessions.ts': sessions,
  'sweep.ts': sweep,
  'tokens.ts': tokens,
  'user-rows.ts': userRows,
}

export const filesWithStatements = Object.keys(byFile)

/** The statements, each under its file and its name there; those of the registry under the entry. */
export function statements(): Map<string, string> {
  const found = new Map<string, string>()
  for (const [file, sql] of Object.entries(byFile)) {
    for (const [name, text] of Object.entries(sql)) found.set(`${file} ${name}`, text)
  }
  for (const { name, erase, pages } of registry) {
    for (const [n, page] of pages.entries()) found.set(`registry.ts ${name} page ${n}`, page)
    if (erase !== null) found.set(`registry.ts ${name} erase`, erase)
  }
  return found
}
