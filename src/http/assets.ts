/** The files that pages load: read on first use, compressed once. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { http } from '../domain/limits.ts'
import { stylesheets } from '../web/layout.ts'
import { route, type Route } from './route.ts'
import Type from 'typebox'

const MAIL_STYLES = '/assets/mail.css'

interface Asset {
  readonly path: string
  readonly type: string
  readonly load: () => Promise<Buffer>
}

/** Starts Swagger UI. `validatorUrl: null` keeps it from asking an outside host. */
const docsScript = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
})
`

const assets: readonly Asset[] = [
  ...stylesheets.map(({ path, file }) => ({
    path,
    type: 'text/css',
    load: () => readFile(join(import.meta.dirname, '..', 'web', file)),
  })),
  { path: '/assets/docs.js', type: 'text/javascript', load: async () => Buffer.from(docsScript) },
  swagger('swagger-ui-bundle.js', 'text/javascript'),
  swagger('swagger-ui.css', 'text/css'),
]

export const assetRoutes: readonly Route[] = assets.map((asset) => {
  const compressed = once(async () => promisify(gzip)(await asset.load()))
  const plain = once(asset.load)
  return route({
    method: 'GET',
    path: asset.path,
    operationId: `asset ${asset.path}`,
    tag: 'Pages',
    summary: 'A file of the pages',
    access: 'public',
    undocumented: true,
    storeless: true,
    responses: { 200: { description: 'The file', contentType: asset.type, schema: Type.Unsafe<Buffer>({}) } },
    errors: [],
    async handle({ header, surroundings }) {
      // The inbox shows mails in their own looks, in development alone.
      const own = asset.path === MAIL_STYLES ? surroundings.mailStyles : undefined
      const zipped = own === undefined && /\bgzip\b/.test(header('accept-encoding') ?? '')
      const file = zipped ? compressed : plain
      return {
        status: 200,
        body: own === undefined ? await file() : Buffer.from(own),
        headers: {
          'content-type': `${asset.type}; charset=utf-8`,
          'cache-control': `public, max-age=${http.staticMaxAgeSeconds}`,
          vary: 'accept-encoding',
          ...(zipped && { 'content-encoding': 'gzip' }),
        },
      }
    },
  })
})

function swagger(file: string, type: string): Asset {
  const load = () => readFile(new URL(import.meta.resolve(`swagger-ui-dist/${file}`)))
  return { path: `/assets/${file}`, type, load }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
