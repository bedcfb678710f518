/** Every SQL statement of the SQLite adapter, by the file that has it. */
import { sql as audit } from '../../src/store/sqlite/audit.ts'
import { sql as copies } from '../../src/store/sqlite/copies.ts'
import { sql as counters } from '../../src/store/sqlite/counters.ts'
import { sql as deletionLedger } from '../../src/store/sqlite/deletion-ledger.ts'
import { sql as identifiers } from '../../src/store/sqlite/identifiers.ts'
import { sql as inbox } from '../../src/store/sqlite/inbox.ts'
import { sql as keys } from '../../src/store/sqlite/keys.ts'
import { sql as mail } from '../../src/store/sqlite/mail.ts'
import { sql as meta } from '../../src/store/sqlite/meta.ts'
import { sql as records } from '../../src/store/sqlite/records.ts'
import { sql as setUp } from '../../src/store/sqlite/set-up.ts'
import { sql as sessions } from '../../src/store/sqlite/sessions.ts'
import { sql as sweep } from '../../src/store/sqlite/sweep.ts'
import { sql as tokens } from '../../src/store/sqlite/tokens.ts'
import { sql as userCandidates } from '../../src/store/sqlite/user-candidates.ts'
import { sql as userOrder } from '../../src/store/sqlite/user-order.ts'
import { sql as userRows } from '../../src/store/sqlite/user-rows.ts'
import { holderStatements, sql as verification } from '../../src/store/sqlite/verification.ts'
import { registry } from '../../src/store/sqlite/registry.ts'

const byFile: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'audit.ts': audit,
  'copies.ts': copies,
  'counters.ts': counters,
  'deletion-ledger.ts': deletionLedger,
  'identifiers.ts': identifiers,
  'inbox.ts': inbox,
  'keys.ts': keys,
  'mail.ts': mail,
  'meta.ts': meta,
  'records.ts': records,
  'sessions.ts': sessions,
  'set-up.ts': setUp,
  'sweep.ts': sweep,
  'tokens.ts': tokens,
  'user-candidates.ts': userCandidates,
  'user-order.ts': userOrder,
  'user-rows.ts': userRows,
  'verification.ts': verification,
}

export const filesWithStatements = Object.keys(byFile)

/** The statements, each under its file and its name there; those of the registry under the entry. */
export function statements(): Map<string, string> {
  const found = new Map<string, string>()
  for (const [file, sql] of Object.entries(byFile)) {
    for (const [name, text] of Object.entries(sql)) found.set(`${file} ${name}`, text)
  }
  for (const [n, text] of holderStatements.entries()) found.set(`verification.ts holders ${n}`, text)
  for (const { name, erase, pages } of registry) {
    for (const [n, page] of pages.entries()) found.set(`registry.ts ${name} page ${n}`, page)
    if (erase !== null) found.set(`registry.ts ${name} erase`, erase)
  }
  return found
}
