/**
 * What tells two sets of records apart, whatever their order: each engine walks along its own. The SHA-256 of
 * each record, added up in four lanes of 64 bits. One that is missing, doubled or other in a single bit
 * changes the sum, but for a chance of 2 ** -256; two that are equal don't cancel out, as they would under
 * XOR. Whoever could choose the records might find equal sums (a generalised birthday attack); but both
 * stores are the operator's own, and this has to hold against accidents only.
 */
import type { RecordKind } from './ports/copying.ts'
import type { JsonObject } from './ports/runtime.ts'

const LANES = 4
const LANE_BYTES = 8

/** SHA-256 of a text in UTF-8: 32 bytes. */
export type Sha256 = (text: string) => Uint8Array

export interface RecordSum {
  readonly kind: RecordKind
  add(record: JsonObject): void
  /** How many records there are, and their sum in hexadecimal digits. */
  total(): { readonly count: number; readonly sum: string }
}

/** Fields have the order of `record-forms.ts` on every engine, so that equal records have one JSON. */
export function createRecordSum(kind: RecordKind, sha256: Sha256): RecordSum {
  const lanes = new BigUint64Array(LANES)
  let count = 0
  return {
    kind,
    add(record) {
      const hash = sha256(JSON.stringify([kind, record]))
      const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
      for (let lane = 0; lane < LANES; lane += 1) {
        // An element of such an array is the sum modulo 2 ** 64 by itself.
        lanes[lane] = (lanes[lane] ?? 0n) + view.getBigUint64(lane * LANE_BYTES)
      }
      count += 1
    },
    total: () => ({ count, sum: [...lanes].map((lane) => lane.toString(16).padStart(16, '0')).join('') }),
  }
}
