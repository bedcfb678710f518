import { storeContract } from './contracts/store-contract.ts'
import { sqliteHarness } from './support/store-sqlite-harness.ts'

storeContract(sqliteHarness)
