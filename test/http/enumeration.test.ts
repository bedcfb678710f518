import { noEnumeration } from './enumeration.ts'

await noEnumeration({})
