import { storeContract as contract } from './contracts/store-contract.ts'
import { sqliteHarness } from './support/store-sqlite-harness.ts'

contract(sqliteHarness)
