/**
 * Decodes base64url (RFC 4648 section 5) in its one canonical form: no padding, no white space, no foreign
 * characters, no spare bits. Null for everything else, since `Buffer.from` takes all of it.
 */
export function fromBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}
