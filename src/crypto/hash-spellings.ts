/** The spellings of hashes in which other programs keep them, where they differ from what is stored here. */
import { type Form, type Groups, readAs, readStoredHash } from './foreign-hashes.ts'
import { readPaddedBase64, readBase64, writeBase64, type StoredHash } from './phc.ts'

const raw = String.raw
const ITERATIONS = raw`(?<iterations>[1-9]\d{0,6})`
const COST = raw`(?<cost>[1-9]\d{0,7})`
const FACTORS = { blockSize: raw`(?<blockSize>[1-9]\d?)`, lanes: raw`(?<lanes>[1-9]\d?)` }
/** A salt that is used as it is written. */
const WRITTEN_SALT = '(?<salt>[!-#%-~]{1,64})'
const PADDED_TAG = '(?<tag>[A-Za-z0-9+/=]+)'
const HEX_TAG = '(?<tag>[0-9a-f]+)'

const spellings: readonly Form<string>[] = [
  // passlib: base64 with a dot for the plus, and no name for SHA-1.
  {
    form: new RegExp(
      raw`^\$pbkdf2(?:-(?<digest>sha256|sha512))?\$${ITERATIONS}\$(?<salt>[\w./]+)\$(?<tag>[\w./]+)$`,
    ),
    read: ({ digest = 'sha1', iterations, salt, tag }) =>
      pbkdf2({ digest, iterations }, withPlus(salt), withPlus(tag)),
  },
  // Django.
  {
    form: new RegExp(raw`^pbkdf2_(?<digest>sha1|sha256)\$${ITERATIONS}\$${WRITTEN_SALT}\$${PADDED_TAG}$`),
    read: (groups) => pbkdf2(groups, ascii(groups.salt), readPaddedBase64(groups.tag)),
  },
  {
    form: new RegExp(
      raw`^scrypt\$${COST}\$${WRITTEN_SALT}\$${FACTORS.blockSize}\$${FACTORS.lanes}\$${PADDED_TAG}$`,
    ),
    read: (groups) => scrypt(groups, ascii(groups.salt), readPaddedBase64(groups.tag)),
  },
  { form: /^argon2(?<phc>\$argon2i?d?\$[ -~]+)$/, read: ({ phc = '' }) => phc },
  { form: /^bcrypt\$(?<text>\$2[aby]\$[ -~]+)$/, read: ({ text = '' }) => text },
  // Werkzeug.
  {
    form: new RegExp(raw`^pbkdf2:(?<digest>sha1|sha256|sha512):${ITERATIONS}\$${WRITTEN_SALT}\$${HEX_TAG}$`),
    read: (groups) => pbkdf2(groups, ascii(groups.salt), hexadecimal(groups.tag)),
  },
  {
    form: new RegExp(
      raw`^scrypt:${COST}:${FACTORS.blockSize}:${FACTORS.lanes}\$${WRITTEN_SALT}\$${HEX_TAG}$`,
    ),
    read: (groups) => scrypt(groups, ascii(groups.salt), hexadecimal(groups.tag)),
  },
]

/** A hash in any known spelling, and the text to store for it; null where there is none to read. */
export function readAnySpelling(text: string): { readonly text: string; readonly hash: StoredHash } | null {
  const hash = readStoredHash(text)
  if (hash) return { text, hash }
  const canonical = readAs(spellings, text)
  const spelled = canonical === null ? null : readStoredHash(canonical)
  return canonical !== null && spelled ? { text: canonical, hash: spelled } : null
}

function pbkdf2({ digest, iterations }: Groups, salt: Uint8Array | null, tag: Uint8Array | null) {
  if (!salt || !tag) return null
  return `$pbkdf2-${digest}$i=${iterations},l=${tag.length}$${writeBase64(salt)}$${writeBase64(tag)}`
}

function scrypt({ cost, blockSize, lanes }: Groups, salt: Uint8Array, tag: Uint8Array | null) {
  const logCost = Math.log2(Number(cost))
  if (!tag || !Number.isInteger(logCost)) return null
  return `$scrypt$ln=${logCost},r=${blockSize},p=${lanes}$${writeBase64(salt)}$${writeBase64(tag)}`
}

function ascii(text = ''): Uint8Array {
  return Buffer.from(text, 'latin1')
}

function hexadecimal(text = ''): Uint8Array | null {
  return text.length % 2 === 0 ? Buffer.from(text, 'hex') : null
}

function withPlus(text = ''): Uint8Array | null {
  return readBase64(text.replaceAll('.', '+'))
}
