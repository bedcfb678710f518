import { after } from 'node:test'
import { startDatabase } from '../support/mongodb-database.ts'
import { noEnumeration } from './enumeration.ts'

const database = await startDatabase('enumeration')
after(() => database.stop())
await noEnumeration({ UM_DATABASE_URL: database.url })
