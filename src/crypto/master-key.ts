import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

import { DomainError } from '../domain/errors.ts'
import { crypto } from '../domain/limits.ts'
import { fromBase64url } from './base64url.ts'

interface Kind {
  readonly name: string
  readonly setting: string
  readonly remedy: string
}

const masterKey: Kind = {
  name: 'master key',
  setting: 'UM_MASTER_KEY_FILE',
  remedy:
    'restore it from your backup, or for a new database write one with "openssl rand -hex 32" and mode 0600',
}
const pepper: Kind = {
  name: 'pepper',
  setting: 'UM_PASSWORD_PEPPER_FILE',
  remedy:
    'restore it from your backup, or for the first one write it with "openssl rand -hex 32" and mode 0600',
}

/**
 * Nobody else may read the file. One of root, which a server with fewer rights can't change, may be open to
 * its group: that is how systems hand out secrets (credentials of systemd, secrets of an orchestrator).
 */
const OPEN = { ours: 0o077, ofRoot: 0o037 } as const

/** What some editors put in front of a text (UTF-8, U+FEFF), as single bytes. */
const BYTE_ORDER_MARK = /^\u00ef\u00bb\u00bf/

/** In front of a key that opens and does not seal yet. */
const PREPARED = /^next\s+/

/** The keys of a master key file. */
export interface MasterKeyFile {
  /** The first one seals, all of them open. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]]
  /** Opens too, and is to seal once every node has it. */
  readonly prepared: Uint8Array | null
}

/**
 * Reads the master keys, or (with `create`, where the file is absent) makes one.
 *
 * The written form is a line of 64 hexadecimal digits for each key: 32 random bytes, in a file of mode 0600.
 * The first line seals, the others still open what they have sealed; a line that begins with `next` opens and
 * will seal later. Read are, with white space around them: hexadecimal digits; base64 or base64url, with
 * padding or without; and files that are not printable text, as the raw bytes of one key. 32 bytes are the
 * least in every form. Throws `start_refused` with one sentence that says what to do.
 */
export function loadMasterKey(options: { readonly file: string; readonly create: boolean }): MasterKeyFile {
  const { file, create } = options
  return keysOf(file, readKeyFile(file, masterKey) ?? (create ? createKeyFile(file) : null), masterKey)
}

/** The secrets of a pepper file, which has the form of a master key file. Throws `start_refused`. */
export function loadPepperKeys(file: string): readonly Uint8Array[] {
  const { keys, prepared } = keysOf(file, readKeyFile(file, pepper), pepper)
  return prepared ? [...keys, prepared] : keys
}

function keysOf(file: string, content: Buffer | null, { name, remedy }: Kind): MasterKeyFile {
  if (content === null) throw refused(`The ${name} file ${file} does not exist: ${remedy}`)
  const lines = linesOf(content)
  const [sealing, ...older] = lines.filter(({ prepared }) => !prepared).map(({ key }) => key)
  const [next, second] = lines.filter(({ prepared }) => prepared).map(({ key }) => key)
  if (!sealing || lines.some(({ key }) => key.length < crypto.masterKeyMinBytes)) {
    throw refused(
      `The ${name} file ${file} holds no 32 bytes or more as hexadecimal digits, base64 or raw bytes: ` +
        remedy,
    )
  }
  if (second || lines.length > crypto.masterKeysMax) {
    throw refused(
      `The ${name} file ${file} holds more than ${crypto.masterKeysMax} keys, or two that begin with ` +
        '"next": take out the oldest ones',
    )
  }
  return { keys: [sealing, ...older], prepared: next ?? null }
}

/**
 * Puts another content in the place of the file, whole or not at all, with the same owner. Throws
 * `start_refused`.
 */
export function replaceMasterKey(file: string, { keys, prepared }: MasterKeyFile): void {
  const [sealing, ...older] = keys.map((key) => Buffer.from(key).toString('hex'))
  const next = prepared ? [`next ${Buffer.from(prepared).toString('hex')}`] : []
  if (keys.length + next.length > crypto.masterKeysMax) {
    throw refused(
      `The master key file ${file} holds ${crypto.masterKeysMax} keys, and another one does not fit: ` +
        'take out the last line, which is the oldest key',
    )
  }
  const content = Buffer.from(`${[sealing, ...next, ...older].join('\n')}\n`)
  try {
    // The file itself, and not a link to it.
    const target = realpathSync(file)
    const { uid, gid } = statSync(target)
    const beside = `${target}.new`
    // Left over where an earlier attempt was cut off.
    rmSync(beside, { force: true })
    writeDurably(openSync(beside, 'wx', 0o600), content, { uid, gid })
    renameSync(beside, target)
    syncFolder(dirname(target))
  } catch (cause) {
    throw refused(
      `The master key file ${file} cannot be replaced (${codeOf(cause)}): make its folder writable, ` +
        'or run this where the file is made',
    )
  }
}

/** Null where there is no such file. */
function readKeyFile(file: string, kind: Kind): Buffer | null {
  const { name, setting } = kind
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null
    throw refused(`The ${name} file ${file} cannot be read (${codeOf(cause)}): correct its owner or its path`)
  }
  try {
    const { mode, uid, size } = fstatSync(descriptor)
    refuseOpenToOthers(file, { mode, uid }, kind)
    if (size > crypto.masterKeyFileMaxBytes) {
      throw refused(`The ${name} file ${file} has more than 4,096 bytes: point ${setting} at the key`)
    }
    return readFileSync(descriptor)
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    throw refused(`The ${name} file ${file} cannot be read (${codeOf(cause)}): point ${setting} at a file`)
  } finally {
    closeSync(descriptor)
  }
}

/** Windows has no such mode bits. */
function refuseOpenToOthers(
  file: string,
  { mode, uid }: { readonly mode: number; readonly uid: number },
  { name }: Kind,
): void {
  const open = uid === 0 && process.getuid?.() !== 0 ? OPEN.ofRoot : OPEN.ours
  if (process.platform === 'win32' || (mode & open) === 0) return
  throw refused(`The ${name} file ${file} is open to other users of this machine: run "chmod 600 ${file}"`)
}

/** Exclusive: a key that another process made in the meantime is read and never overwritten. */
function createKeyFile(file: string): Buffer | null {
  const content = Buffer.from(`${randomBytes(crypto.masterKeyMinBytes).toString('hex')}\n`)
  const folder = dirname(file)
  let descriptor: number
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    descriptor = openSync(file, 'wx', 0o600)
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return readKeyFile(file, masterKey)
    throw refused(
      `The master key file ${file} cannot be created (${codeOf(cause)}): make its folder writable`,
    )
  }
  writeDurably(descriptor, content)
  syncFolder(folder)
  return content
}

function writeDurably(
  descriptor: number,
  content: Buffer,
  owner?: { readonly uid: number; readonly gid: number },
): void {
  try {
    if (owner && process.platform !== 'win32') fchownSync(descriptor, owner.uid, owner.gid)
    writeSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the new name itself durable; Windows can't open folders. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** Printable text is hexadecimal or base64 and nothing else: a cut-off text must not pass as raw bytes. */
function linesOf(content: Buffer): readonly { readonly key: Buffer; readonly prepared: boolean }[] {
  const text = content.toString('latin1').replace(BYTE_ORDER_MARK, '').trim()
  if (!/^[\t\n\r\x20-\x7e]*$/.test(text)) return [{ key: content, prepared: false }]
  const lines = text.split(/[\r\n]+/).map((line) => line.trim())
  return lines
    .filter((line) => line !== '')
    .map((line) => ({ key: decode(line.replace(PREPARED, '')), prepared: PREPARED.test(line) }))
}

function decode(text: string): Buffer {
  if (/^[0-9a-fA-F]+$/.test(text)) return text.length % 2 === 0 ? Buffer.from(text, 'hex') : Buffer.alloc(0)
  const unpadded = text
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  return fromBase64url(unpadded) ?? Buffer.alloc(0)
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}

function refused(sentence: string): DomainError {
  return new DomainError('start_refused', { detail: `${sentence}.` })
}
