import Type from 'typebox'
import { closed } from '../fields.ts'
import { route, type Route } from '../route.ts'

/** Which database the running server has, so that no command for another one acts on it. */
export function databaseRoute(name: string): Route {
  return route({
    method: 'GET',
    path: '/control/database',
    operationId: 'controlDatabase',
    tag: 'Operation',
    summary: 'Name the database',
    access: 'operator',
    undocumented: true,
    responses: {
      200: { description: 'Its file', schema: Type.Object({ name: Type.String() }, closed) },
    },
    errors: [],
    async handle() {
      return { status: 200, body: { name } }
    },
  })
}
