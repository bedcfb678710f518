/** The operator's own roles: `{"support": ["users:read"]}`. */
import { lists } from './limits.ts'
import { builtInRoles, permissions, type Permission, type RoleTable } from './policy.ts'

const NAME = /^[a-z][a-z0-9_-]{0,31}$/

/** Reads the JSON value of a roles file. Says everything that is wrong with it, each with its remedy. */
export function readRoles(value: unknown): {
  readonly table: RoleTable
  readonly problems: readonly string[]
} {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { table: builtInRoles, problems: ['is no JSON object such as {"support": ["users:read"]}'] }
  }
  const roles = Object.entries(value)
  const problems = roles.flatMap(([name, granted]) => [
    ...nameProblems(name),
    ...grantProblems(name, granted),
  ])
  if (roles.length > lists.rolesMax)
    problems.push(`has ${roles.length} roles, but ${lists.rolesMax} are the most`)
  const own = roles.map(([name, granted]) => [
    name,
    permissions.filter((each) => isList(granted) && granted.includes(each)),
  ])
  return { table: { ...Object.fromEntries(own), ...builtInRoles }, problems }
}

function nameProblems(name: string): string[] {
  if (Object.hasOwn(builtInRoles, name)) return [`defines ${name}, which is built in; choose another name`]
  return NAME.test(name)
    ? []
    : [
        `has the role ${JSON.stringify(name.slice(0, 40))}; ` +
          'a name is 1 to 32 of a-z 0-9 _ - and begins with a letter',
      ]
}

function grantProblems(name: string, granted: unknown): string[] {
  if (!isList(granted)) return [`gives ${name} no list of permissions; write ["users:read"], or [] for none`]
  return granted
    .filter((each) => !permissions.includes(each as Permission))
    .map(
      (each) => `gives ${name} the permission ${JSON.stringify(each)}; there are ${permissions.join(', ')}`,
    )
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
