import Type from 'typebox'
import { route, type Route } from '../route.ts'
import { healthRoutes } from './health.ts'

/** What the internal listener serves; none of the numbers is for everybody's eyes. */
export function internalRoutes(metrics: () => Promise<string>): readonly Route[] {
  const metricsRoute = route({
    method: 'GET',
    path: '/metrics',
    operationId: 'metrics',
    tag: 'Operation',
    summary: 'The metrics of this process',
    access: 'public',
    undocumented: true,
    responses: {
      200: { description: 'In the text format', contentType: 'text/plain', schema: Type.String() },
    },
    errors: [],
    async handle() {
      const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
      return { status: 200, headers, body: await metrics() }
    },
  })
  return [...healthRoutes, metricsRoute]
}
