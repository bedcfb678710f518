/** Ids as 16 bytes inside tokens. */
import type { Id } from '../domain/ports/runtime.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function writeUuid(bytes: Buffer, id: Id, at: number): void {
  if (!UUID.test(id)) throw new TypeError('an id is not a UUID in lower case')
  bytes.write(id.replaceAll('-', ''), at, 'hex')
}

export function readUuid(bytes: Buffer, at: number): Id {
  const hex = bytes.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
