import type { Route } from './route.ts'

/** Flat, since the router refuses repetitions of repetitions. */
const UUID_PATTERN = [8, 4, 4, 4, 12].map((length) => `[0-9a-fA-F]{${length}}`).join('-')
const PARAMETER = /\{\w+\}/g

/**
 * The router's form of a path: `{id}` is a UUID by its pattern, other parameters are one segment of any
 * text.
 */
export function routerPath(path: string): string {
  return path.replaceAll(PARAMETER, (parameter) =>
    parameter === '{id}' ? `:id(^${UUID_PATTERN}$)` : `:${parameter.slice(1, -1)}`,
  )
}

/** The methods of every route whose path fits; fixed words win over parameters. Empty for an unknown path. */
export function allowedMethods(routes: readonly Route[], url: string): string[] {
  const path = url.split('?')[0] ?? ''
  const fixed = routes.filter((one) => one.path === path)
  const fitting = fixed.length > 0 ? fixed : routes.filter((one) => patternOf(one.path).test(path))
  const methods = new Set(fitting.map((one) => one.method as string))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].toSorted()
}

function patternOf(path: string): RegExp {
  const source = path
    .replaceAll('.', '\\.')
    .replaceAll(PARAMETER, (parameter) => (parameter === '{id}' ? UUID_PATTERN : '[^/]+'))
  return new RegExp(`^${source}$`)
}
