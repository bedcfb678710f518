/**
 * The keys under which e-mail addresses and usernames are unique, and under which users are found. Computed
 * here and never by a database: collations fold differently from engine to engine and from release to
 * release. One function makes each key; a change of rule is a migration (`meta.keyVersion`).
 */
import { input } from './limits.ts'

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const USERNAME = /^[A-Za-z0-9._-]+$/
const PLAIN_HOST = /^(?!xn--)[a-z0-9-]+(?:\.(?!xn--)[a-z0-9-]+)*\.[a-z]+$/
const BEYOND_ASCII = /[^!-~]/
const FORBIDDEN_IN_HOST = /[\s@,"<>:;()[\]\\/?#%&=]/

/**
 * An e-mail address as it is stored and mailed to, and its key; null where the text is no address we
 * deliver to.
 */
export interface EmailAddress {
  readonly address: string
  readonly key: string
}

/**
 * Reads an address (RFC 5321 section 4.1.2, dot-atom local part in ASCII; the domain may be international,
 * RFC 5891). No folding of dots or plus signs. Refused are quoted local parts, address literals, and texts
 * that change under NFKC (132 code points turn into `@`, `.`, `,` and the like).
 */
export function readEmail(text: string): EmailAddress | null {
  const trimmed = text.trim()
  if (trimmed.length > input.emailMaxLength || trimmed.normalize('NFKC') !== trimmed) return null
  const at = trimmed.lastIndexOf('@')
  const local = trimmed.slice(0, at)
  const host = at < 1 ? null : asciiHost(trimmed.slice(at + 1))
  if (!host || local.length > input.emailLocalMaxLength || !LOCAL_PART.test(local.toLowerCase())) return null
  if (BEYOND_ASCII.test(local)) return null
  const address = `${local}@${host}`
  if (address.length > input.emailMaxLength) return null
  return { address, key: `e:${address.toLowerCase()}` }
}

/** `u:<key>` for a username of the allowed form, else null. ASCII folding only. */
export function usernameKey(text: string): string | null {
  if (text.length < input.usernameMinLength || text.length > input.usernameMaxLength) return null
  return USERNAME.test(text) ? `u:${text.toLowerCase()}` : null
}

/** The key that a login identifier names: an address where it holds an `@`, else a username. */
export function identifierKey(text: string): string | null {
  return text.includes('@') ? (readEmail(text)?.key ?? null) : usernameKey(text)
}

/** The domain in A-label form, lower case; null where it is no host name with a dot. */
function asciiHost(domain: string): string | null {
  if (domain.length === 0 || FORBIDDEN_IN_HOST.test(domain) || domain.endsWith('.')) return null
  const plain = domain.toLowerCase()
  // A parser of URLs changes nothing of these, and costs more than all the rest.
  const hostname = PLAIN_HOST.test(plain) ? plain : (URL.parse(`http://${domain}`)?.hostname ?? '')
  const labels = hostname.split('.')
  const last = labels.at(-1) ?? ''
  if (labels.length < 2 || /^\d+$/.test(last) || !labels.every((label) => HOST_LABEL.test(label))) return null
  return hostname
}
