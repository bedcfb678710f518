/** The names of the readers, which are loaded only where they are used. */
export const importFormats = [
  'ndjson',
  'csv',
  'fastapi-users',
  'supabase',
  'keycloak',
  'pocketbase',
  'better-auth',
  'auth0',
] as const
