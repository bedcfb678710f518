import { after } from 'node:test'
import { storeContract as contract } from './contracts/store-contract.ts'
import { mongodbHarness } from './support/mongodb-harness.ts'

const one = mongodbHarness('one node', 1)
const three = mongodbHarness('three nodes', 3)

after(async () => {
  await one.stop()
  await three.stop()
})

contract(one)
contract(three)
