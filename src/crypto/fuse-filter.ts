/**
 * Binary fuse filters (Graf and Lemire, "Binary Fuse Filters: Fast and Smaller Than Xor Filters", ACM JEA
 * 2022), with three places a key and fingerprints of 16 bits. What is in the set is always found; what is
 * not in it is found once in 65,536. A key is a pair of uniformly spread 32-bit numbers.
 */

/** The set that a filter was built of, but for the false positives. */
export interface FuseFilter extends FuseShape {
  readonly fingerprints: Uint16Array
}

/** What is needed to find the places of a key: segments of this length, of which a key has three in a row. */
export interface FuseShape {
  readonly seed: number
  readonly segmentLength: number
  /** So many segments can be the first of a key's three; 0 in the filter of the empty set. */
  readonly segmentCount: number
}

/** Three places, and the fingerprint that the three numbers there make together. */
type Places = [first: number, second: number, third: number, fingerprint: number]

const ARITY = 3
/** The two offsets come from 16 bits each. */
const SEGMENT_MAX = 2 ** 16
/** An attempt fails rarely; so many in a row do not. */
const ATTEMPTS = 100
const GOLDEN_RATIO = 0x9e3779b9

/** Where the fingerprints of a key are, in numbers from the beginning of the filter. */
function placesOf(high: number, low: number, shape: FuseShape): Places {
  const { seed, segmentLength, segmentCount } = shape
  // A bijection of the key: two keys that meet in all three places and the fingerprint are chance.
  const one = mix(high ^ mix(low ^ seed))
  const two = mix(low ^ one)
  // Exact for up to 2 ** 21 first places: a filter of ours has some 1.2 million.
  const first = Math.floor((one / 2 ** 32) * segmentCount * segmentLength)
  const mask = segmentLength - 1
  const second = (first + segmentLength) ^ ((two >>> 16) & mask)
  const third = (first + 2 * segmentLength) ^ (two & mask)
  return [first, second, third, mix(one ^ Math.imul(two, GOLDEN_RATIO)) & 0xffff]
}

/** How many fingerprints a filter of this shape has. */
export function fuseLength({ segmentLength, segmentCount }: FuseShape): number {
  return segmentCount === 0 ? 0 : (segmentCount + ARITY - 1) * segmentLength
}

/** Whether the key is in the filter; `fingerprintAt` reads one of its numbers. */
export function fuseHas(
  { high, low }: { readonly high: number; readonly low: number },
  shape: FuseShape,
  fingerprintAt: (place: number) => number,
): boolean {
  if (shape.segmentCount === 0) return false
  const [first, second, third, fingerprint] = placesOf(high, low, shape)
  return (fingerprintAt(first) ^ fingerprintAt(second) ^ fingerprintAt(third)) === fingerprint
}

/**
 * Builds the filter of these keys: pairs of numbers, one behind the other, no pair twice. The same keys give
 * the same filter. Takes about 20 bytes a key while it works.
 */
export function buildFuse(pairs: Uint32Array): FuseFilter {
  const count = pairs.length / 2
  if (count === 0) {
    return { seed: 0, segmentLength: 1, segmentCount: 0, fingerprints: new Uint16Array() }
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const shape = { ...sizesFor(count), seed: mix(Math.imul(attempt, GOLDEN_RATIO)) }
    const peeled = peel(pairs, shape)
    if (peeled) return { ...shape, fingerprints: assign(peeled, shape) }
  }
  throw new Error(`no filter of ${count} keys in ${ATTEMPTS} attempts: a key may be there twice`)
}

/** The sizes that the paper found by experiment for three places a key. */
function sizesFor(count: number): Omit<FuseShape, 'seed'> {
  const keys = Math.max(2, count)
  const segmentLength = Math.min(SEGMENT_MAX, 2 ** Math.floor(Math.log(keys) / Math.log(3.33) + 2.25))
  const factor = Math.max(1.125, 0.875 + (0.25 * Math.log(1e6)) / Math.log(keys))
  const segments = Math.ceil(Math.round(keys * factor) / segmentLength)
  return { segmentLength, segmentCount: Math.max(1, segments - (ARITY - 1)) }
}

/** The keys in the order in which each has a place to itself, and that place. */
interface Peeled {
  readonly order: Uint32Array
  readonly places: Uint32Array
}

/** Takes away, again and again, a key that is alone in a place. Null where some keys never are. */
function peel(pairs: Uint32Array, shape: FuseShape): Peeled | null {
  const length = fuseLength(shape)
  const degree = new Uint8Array(length)
  const highs = new Uint32Array(length)
  const lows = new Uint32Array(length)
  const change = (high: number, low: number, by: 1 | -1): Places => {
    const places = placesOf(high, low, shape)
    for (let index = 0; index < ARITY; index += 1) {
      const place = places[index] ?? 0
      degree[place] = (degree[place] ?? 0) + by
      highs[place] = (highs[place] ?? 0) ^ high
      lows[place] = (lows[place] ?? 0) ^ low
    }
    return places
  }
  for (let at = 0; at < pairs.length; at += 2) change(pairs[at] ?? 0, pairs[at + 1] ?? 0, 1)
  const alone = new Uint32Array(length)
  let waiting = 0
  for (let place = 0; place < length; place += 1) if (degree[place] === 1) alone[waiting++] = place
  const order = new Uint32Array(pairs.length)
  const places = new Uint32Array(pairs.length / 2)
  let taken = 0
  while (waiting > 0) {
    const place = alone[--waiting] ?? 0
    if (degree[place] !== 1) continue
    const [high, low] = [highs[place] ?? 0, lows[place] ?? 0]
    order.set([high, low], 2 * taken)
    places[taken++] = place
    const freed = change(high, low, -1)
    for (let index = 0; index < ARITY; index += 1) {
      const other = freed[index] ?? 0
      if (degree[other] === 1) alone[waiting++] = other
    }
  }
  return taken === places.length ? { order, places } : null
}

/** Backwards: when a key gets its place, nobody who came later can change it any more. */
function assign({ order, places }: Peeled, shape: FuseShape): Uint16Array {
  const fingerprints = new Uint16Array(fuseLength(shape))
  for (let index = places.length - 1; index >= 0; index -= 1) {
    const [first, second, third, fingerprint] = placesOf(
      order[2 * index] ?? 0,
      order[2 * index + 1] ?? 0,
      shape,
    )
    const others = (fingerprints[first] ?? 0) ^ (fingerprints[second] ?? 0) ^ (fingerprints[third] ?? 0)
    fingerprints[places[index] ?? 0] = others ^ fingerprint
  }
  return fingerprints
}

/** The finalizer of MurmurHash3: every bit of the input moves half of the output. A bijection. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
