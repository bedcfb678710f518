/** The whole contract of the store port. Each adapter's test file runs exactly this. */
import { after, afterEach, suite } from 'node:test'
import { addContractLine } from '../support/contract-line.ts'
import { accessContract } from './access.ts'
import { administrationRecordsContract } from './administration-records.ts'
import { claimsContract } from './claims.ts'
import { copyingContract } from './copying.ts'
import { countersContract } from './counters.ts'
import { deletionContract } from './deletion.ts'
import { deletionLedgerContract } from './deletion-ledger.ts'
import { firstAdminContract } from './first-admin.ts'
import type { Harness } from './harness.ts'
import { hostileInputContract } from './hostile-input.ts'
import { keysAndSweepContract } from './keys-and-sweep.ts'
import { mailAndInboxContract } from './mail-and-inbox.ts'
import { modelContract } from './model.ts'
import { oneTimeTokensContract } from './one-time-tokens.ts'
import { pendingUsersContract } from './pending-users.ts'
import { profileContract } from './profile.ts'
import { registrationContract } from './registration.ts'
import { sessionsContract } from './sessions.ts'
import { userListsContract } from './user-lists.ts'

export function storeContract(harness: Harness): void {
  suite(`the store contract on ${harness.engine}`, () => {
    let passed = 0
    afterEach((t) => {
      if ('passed' in t && t.passed) passed += 1
    })
    after(() => addContractLine(harness.engine, passed))
    registrationContract(harness)
    claimsContract(harness)
    profileContract(harness)
    sessionsContract(harness)
    oneTimeTokensContract(harness)
    deletionContract(harness)
    deletionLedgerContract(harness)
    mailAndInboxContract(harness)
    keysAndSweepContract(harness)
    hostileInputContract(harness)
    accessContract(harness)
    userListsContract(harness)
    firstAdminContract(harness)
    pendingUsersContract(harness)
    administrationRecordsContract(harness)
    countersContract(harness)
    copyingContract(harness)
    modelContract(harness)
  })
}
