import { fieldError, type FieldError } from './errors.ts'
import { input } from './limits.ts'
import type { Passwords } from './ports/crypto.ts'

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

/**
 * Every rule that a new password breaks (ASVS 6.2; NIST SP 800-63B-4 section 3.1.1). Length counts code
 * points.
 */
export function passwordErrors(
  text: string,
  { context, pointer = '/password' }: { context: PasswordContext; pointer?: string },
  passwords: Pick<Passwords, 'isCommon'>,
): FieldError[] {
  const prepared = preparePassword(text)
  const codePoints = [...prepared].length
  const errors: FieldError[] = []
  if (CONTROL.test(prepared) || !prepared.isWellFormed())
    errors.push(fieldError(pointer, 'password_characters'))
  if (codePoints < input.passwordMinCodePoints) {
    errors.push(
      fieldError(
        pointer,
        'password_too_short',
        `The password has fewer than ${input.passwordMinCodePoints} characters.`,
      ),
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
  if (passwords.isCommon(prepared)) errors.push(fieldError(pointer, 'password_too_common'))
  if (containsContext(prepared, context)) errors.push(fieldError(pointer, 'password_contains_personal'))
  return errors
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
