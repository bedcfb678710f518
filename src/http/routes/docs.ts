import Type from 'typebox'
import { DomainError } from '../../domain/errors.ts'
import { docsPage } from '../../web/docs-page.ts'
import { errorIndexPage, errorPage, isErrorCode } from '../../web/error-pages.ts'
import { pageHeaders } from '../headers.ts'
import { openApiDocument } from '../openapi.ts'
import { htmlPage, route, type Route } from '../route.ts'

const homeRoute = route({
  method: 'GET',
  path: '/',
  operationId: 'home',
  tag: 'Documentation',
  summary: 'Leads to the documentation',
  access: 'public',
  undocumented: true,
  storeless: true,
  responses: { 302: { description: 'To /docs' } },
  errors: [],
  async handle() {
    return { status: 302, headers: { location: '/docs' } }
  },
})

const docsRoute = route({
  method: 'GET',
  path: '/docs',
  operationId: 'docs',
  tag: 'Documentation',
  summary: 'This page',
  access: 'public',
  page: 'reference',
  storeless: true,
  responses: { 200: htmlPage('The interactive documentation') },
  errors: [],
  async handle({ deps }) {
    return { status: 200, body: docsPage(deps.rules), headers: pageHeaders('docs', false) }
  },
})

const errorIndexRoute = route({
  method: 'GET',
  path: '/docs/errors',
  operationId: 'errorIndex',
  tag: 'Documentation',
  summary: 'Every error code',
  access: 'public',
  page: 'reference',
  storeless: true,
  responses: { 200: htmlPage('The error reference') },
  errors: [],
  async handle({ deps }) {
    return { status: 200, body: errorIndexPage(deps.rules) }
  },
})

const errorRoute = route({
  method: 'GET',
  path: '/docs/errors/{code}',
  operationId: 'errorPage',
  tag: 'Documentation',
  summary: 'One error code',
  description: 'What happened, likely causes, what to do. The type member of a problem document leads here.',
  access: 'public',
  page: 'reference',
  storeless: true,
  responses: { 200: htmlPage('The page of the code') },
  errors: ['not_found'],
  async handle({ params, deps }) {
    const code = params['code'] ?? ''
    if (!isErrorCode(code)) throw new DomainError('not_found')
    return { status: 200, body: errorPage(code, deps.rules) }
  },
})

/** The documentation of these routes and of itself. */
export function docsRoutes(described: readonly Route[]): readonly Route[] {
  const documentRoute = route({
    method: 'GET',
    path: '/openapi.json',
    operationId: 'openapi',
    tag: 'Documentation',
    summary: 'This contract for programs',
    access: 'public',
    storeless: true,
    responses: {
      200: {
        description: 'OpenAPI 3.1',
        schema: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
      },
    },
    errors: [],
    async handle() {
      return { status: 200, body: document }
    },
  })
  const routes = [homeRoute, docsRoute, documentRoute, errorIndexRoute, errorRoute]
  const document = openApiDocument([...described, ...routes])
  return routes
}
