import { DomainError } from '../../domain/errors.ts'
import { route } from '../route.ts'
import { okSchema } from '../answers.ts'

const livezRoute = route({
  method: 'GET',
  path: '/livez',
  operationId: 'livez',
  tag: 'Operation',
  summary: 'Is the process alive?',
  access: 'public',
  storeless: true,
  responses: { 200: { description: 'It is', schema: okSchema } },
  errors: [],
  async handle() {
    return { status: 200, body: { status: 'ok' as const } }
  },
})

const readyzRoute = route({
  method: 'GET',
  path: '/readyz',
  operationId: 'readyz',
  tag: 'Operation',
  summary: 'May traffic be sent here?',
  access: 'public',
  responses: { 200: { description: 'Store, keys and migrations are ready', schema: okSchema } },
  errors: [],
  async handle({ surroundings }) {
    const missing = await surroundings.notReady()
    if (missing !== null) throw new DomainError('store_unavailable', { detail: missing })
    return { status: 200, body: { status: 'ok' as const } }
  },
})

export const healthRoutes = [livezRoute, readyzRoute]
