import { auth0 } from './auth0.ts'
import { betterAuth } from './better-auth.ts'
import { csv } from './csv.ts'
import { fastapiUsers } from './fastapi-users.ts'
import { keycloak } from './keycloak.ts'
import { ndjson } from './ndjson.ts'
import { pocketbase } from './pocketbase.ts'
import type { ImportReader } from './reader.ts'
import { supabase } from './supabase.ts'

/** Every format that can be read. */
export const readers: readonly ImportReader[] = [
  ndjson,
  csv,
  fastapiUsers,
  supabase,
  keycloak,
  pocketbase,
  betterAuth,
  auth0,
]
