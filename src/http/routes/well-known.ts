import { http } from '../../domain/limits.ts'
import { route } from '../route.ts'
import { discoverySchema, jwksSchema } from '../answers.ts'

const cached = { 'cache-control': `public, max-age=${http.staticMaxAgeSeconds}` }

const jwksRoute = route({
  method: 'GET',
  path: '/.well-known/jwks.json',
  operationId: 'jwks',
  tag: 'Tokens',
  summary: 'The keys that verify our tokens',
  description: 'A JSON Web Key Set (RFC 7517), with alg, use and kid on every key.',
  access: 'public',
  storeless: true,
  responses: { 200: { description: 'The public keys', schema: jwksSchema } },
  // Only until a server that came up before its store has read them.
  errors: ['store_unavailable'],
  async handle({ deps }) {
    const { keys } = await deps.accessTokens.jwks()
    return { status: 200, body: { keys: [...keys] }, headers: cached }
  },
})

const discoveryRoute = route({
  method: 'GET',
  path: '/.well-known/openid-configuration',
  operationId: 'discovery',
  tag: 'Tokens',
  summary: 'Where issuer and keys are found',
  access: 'public',
  storeless: true,
  responses: { 200: { description: 'What a verifier needs', schema: discoverySchema } },
  errors: [],
  async handle({ deps }) {
    const issuer = deps.rules.publicUrl
    const body = {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [deps.accessTokens.algorithm],
      response_types_supported: [],
    }
    return { status: 200, body, headers: cached }
  },
})

export const wellKnownRoutes = [jwksRoute, discoveryRoute]
