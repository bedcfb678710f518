import type { Deps, PasswordPolicy } from './deps.ts'
import { fieldError, type FieldError } from './errors.ts'
import { input } from './limits.ts'
import { isPaddedPassword } from './padded-password.ts'

const NON_ASCII_SPACE = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/gu
const CONTROL = /\p{Cc}/u

/** What may not stand in a password, as far as it is known at that point. */
export interface PasswordContext {
  readonly username?: string | undefined
  readonly email?: string | undefined
}

/**
 * The form in which passwords are compared: NFC, other spaces as U+0020, nothing trimmed and no case changed
 * (RFC 8265 section 4.2, OpaqueString).
 */
export function preparePassword(text: string): string {
  return text.replace(NON_ASCII_SPACE, ' ').normalize('NFC')
}

/** The fewest code points of a new password. */
export function passwordMinimum(policy: PasswordPolicy): number {
  return policy === 'nist' ? input.nistPasswordMinCodePoints : input.passwordMinCodePoints
}

/**
 * Every rule that a new password breaks (ASVS 6.2; NIST SP 800-63B-4 section 3.1.1). Length counts code
 * points.
 */
export function passwordErrors(
  text: string,
  { context, pointer = '/password' }: { context: PasswordContext; pointer?: string },
  { passwords, rules }: Pick<Deps, 'passwords' | 'rules'>,
): FieldError[] {
  const policy = rules.passwordPolicy
  const minimum = passwordMinimum(policy)
  const prepared = preparePassword(text)
  const codePoints = [...prepared].length
  const errors: FieldError[] = []
  if (CONTROL.test(prepared) || !prepared.isWellFormed())
    errors.push(fieldError(pointer, 'password_characters'))
  if (codePoints < minimum) {
    errors.push(
      fieldError(pointer, 'password_too_short', `The password has fewer than ${minimum} characters.`),
    )
  }
  if (codePoints > input.passwordMaxCodePoints) {
    errors.push(
      fieldError(
        pointer,
        'password_too_long',
        `The password has more than ${input.passwordMaxCodePoints} characters.`,
      ),
    )
    return errors
  }
  const isCommon = (each: string) => passwords.isCommon(each)
  const padded = policy === 'nist' && codePoints >= minimum && isPaddedPassword(prepared, isCommon)
  if (padded || isCommon(prepared)) errors.push(fieldError(pointer, 'password_too_common'))
  if (containsContext(prepared, context)) errors.push(fieldError(pointer, 'password_contains_personal'))
  return errors
}

/**
 * Asks the service of breached passwords, where the operator has named one: for a password that has passed
 * every other rule, since the answer takes its time.
 */
export async function breachErrors(
  text: string,
  { breached }: Pick<Deps, 'breached'>,
  pointer = '/password',
): Promise<FieldError[]> {
  return (await breached.has(preparePassword(text))) ? [fieldError(pointer, 'password_too_common')] : []
}

/** Context words: the username, the local part and the first domain label, each of four letters or more. */
function containsContext(password: string, context: PasswordContext): boolean {
  const [local = '', domain = ''] = (context.email ?? '').split('@')
  const words = [context.username ?? '', local, domain.split('.')[0] ?? '']
  const folded = password.toLowerCase()
  return words
    .map((word) => word.trim().toLowerCase())
    .some((word) => word.length >= input.contextWordMinLength && folded.includes(word))
}
