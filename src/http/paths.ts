import type { Route } from './route.ts'

const UUID_PATTERN = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'

/**
 * The router's form of a path: `{id}` is a UUID by its pattern, other parameters are one segment of any
 * text.
 */
export function routerPath(path: string): string {
  return path.replaceAll('{id}', `:id(^${UUID_PATTERN}$)`).replaceAll(/\{(\w+)\}/g, ':$1')
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
    .replaceAll('{id}', UUID_PATTERN)
    .replaceAll(/\{\w+\}/g, '[^/]+')
  return new RegExp(`^${source}$`)
}
