/** Password hashes that other programs have made: which texts are stored and read, in which bounds. */
import { crypto } from '../domain/limits.ts'
import { pbkdf2Blocks } from './hash-weight.ts'
import type { Pbkdf2Method } from './hash-worker.ts'
import { readBase64, readPaddedBase64, readPhc, type StoredHash } from './phc.ts'

/** What the named groups of an expression have found. */
export type Groups = Readonly<Record<string, string | undefined>>

/** One way to write a hash, and what it comes to; null where its numbers are out of bounds. */
export interface Form<Result> {
  readonly form: RegExp
  read(groups: Groups): Result | null
}

const DIGESTS = ['sha1', 'sha256', 'sha512'] as const

const raw = String.raw
const SCRYPT_COST = raw`(?<logCost>[1-9]\d?),r=(?<blockSize>[1-9]\d?),p=(?<lanes>[1-9]\d?)`
const SALT_AND_TAG = raw`\$(?<salt>[A-Za-z0-9+/]+)\$(?<tag>[A-Za-z0-9+/]+)$`
/** The salt has 128 bits in 22 characters and the tag 184 in 31: not every bit of the last one is used. */
const BCRYPT = {
  setting: raw`(?<setting>\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu])`,
  tag: '(?<tag>[./A-Za-z0-9]{30}[.CGKOSWaeimquy26])',
}

const forms: readonly Form<StoredHash>[] = [
  { form: new RegExp(`^${BCRYPT.setting}${BCRYPT.tag}$`), read: readBcrypt },
  {
    form: new RegExp(raw`^\$scrypt\$ln=${SCRYPT_COST}(?:,nf=(?<normalForm>kc))?${SALT_AND_TAG}`),
    read: (groups) => readScrypt(groups, readBase64(groups.salt), readBase64(groups.tag)),
  },
  {
    form: new RegExp(
      raw`^\$fbscrypt\$v=1,n=${SCRYPT_COST},ss=(?<separator>[^,$]*),sk=(?<signerKey>[^,$]+)` +
        raw`\$(?<salt>[^$]+)\$(?<tag>[^$]+)$`,
    ),
    read: readFirebase,
  },
  {
    form: new RegExp(
      raw`^\$pbkdf2-(?<digest>sha1|sha256|sha512)\$i=(?<iterations>[1-9]\d{0,6})` +
        raw`,l=(?<length>[1-9]\d?)${SALT_AND_TAG}`,
    ),
    read: readPbkdf2,
  },
]

/** Reads every text that may be stored: a hash of ours, and the foreign ones. Null for anything else. */
export function readStoredHash(text: string): StoredHash | null {
  return readPhc(text) ?? readAs(forms, text)
}

/** What the first form that fits makes of the text; null where none does, and for a long text at once. */
export function readAs<Result>(known: readonly Form<Result>[], text: string): Result | null {
  if (text.length > crypto.storedHashMaxLength) return null
  for (const { form, read } of known) {
    const found = form.exec(text)
    if (found) return read(found.groups ?? {})
  }
  return null
}

function readBcrypt({ setting = '', cost = '', tag = '' }: Groups): StoredHash | null {
  if (!isWithin(Number(cost), crypto.bcrypt.cost)) return null
  return {
    method: { kind: 'bcrypt', setting, cost: Number(cost) },
    tag: Buffer.from(tag, 'latin1'),
    keyId: null,
  }
}

function readFirebase(groups: Groups): StoredHash | null {
  const [salt, separator] = [readPaddedBase64(groups.salt), readPaddedBase64(groups.separator)]
  const [signerKey, tag] = [readPaddedBase64(groups.signerKey), readPaddedBase64(groups.tag)]
  if (!salt || !separator || !signerKey || signerKey.length !== tag?.length) return null
  const read = readScrypt(groups, Buffer.concat([salt, separator]), tag)
  return read && { ...read, method: { ...read.method, signerKey } }
}

function readScrypt(groups: Groups, salt: Uint8Array | null, tag: Uint8Array | null) {
  if (!salt || !tag || !areSizesWithin(salt, tag)) return null
  const cost = {
    logCost: Number(groups.logCost),
    blockSize: Number(groups.blockSize),
    lanes: Number(groups.lanes),
  }
  const memoryBytes = 128 * 2 ** cost.logCost * cost.blockSize
  // RFC 7914 section 2: N is less than 2 to the 16 r.
  if (cost.logCost >= 16 * cost.blockSize) return null
  const { memoryMaxBytes, workMaxBytes } = crypto.scrypt
  if (memoryBytes > memoryMaxBytes || memoryBytes * cost.lanes > workMaxBytes) return null
  const isNormalized = groups.normalForm === 'kc'
  const method = {
    kind: 'scrypt',
    salt,
    ...cost,
    tagBytes: tag.length,
    isNormalized,
    signerKey: null,
  } as const
  return { method, tag, keyId: null }
}

function readPbkdf2(groups: Groups): StoredHash<Pbkdf2Method> | null {
  const digest = DIGESTS.find((each) => each === groups.digest)
  const [salt, tag] = [readBase64(groups.salt), readBase64(groups.tag)]
  if (!digest || !salt || !tag || tag.length !== Number(groups.length)) return null
  const method = {
    kind: 'pbkdf2',
    digest,
    salt,
    iterations: Number(groups.iterations),
    tagBytes: tag.length,
  } as const
  const within = method.iterations * pbkdf2Blocks(method) <= crypto.pbkdf2.iterationsMax
  return within && areSizesWithin(salt, tag) ? { method, tag, keyId: null } : null
}

function areSizesWithin(salt: Uint8Array, tag: Uint8Array): boolean {
  return isWithin(salt.length, crypto.foreignSaltBytes) && isWithin(tag.length, crypto.phc.tagBytes)
}

function isWithin(value: number, [least, most]: readonly [number, number]): boolean {
  return value >= least && value <= most
}
