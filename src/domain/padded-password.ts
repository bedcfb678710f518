import { input } from './limits.ts'

/** Rows, zigzags and columns of keyboards (QWERTY, QWERTZ, AZERTY), the alphabet, digits and their shifts. */
const TRACKS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  '!@#$%^&*()_+',
  'qwertyuiop[]',
  'qwertzuiopü',
  'azertyuiop',
  'asdfghjkl;',
  'asdfghjklöä',
  'qsdfghjklm',
  'zxcvbnm,./',
  'yxcvbnm,.-',
  'wxcvbn,;:!',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'qawsedrftgyhujikolp',
]
const WALKS = TRACKS.flatMap((track) => [track, [...track].toReversed().join('')])

/** Fewer characters in a row occur in words too: "were", "poi", "abc". */
const WALK_MIN = 4

const DECORATION = /[\p{N}\p{P}\p{S}\s]/u

/**
 * Whether a long password is a short or common one made longer: by repeating it, by walks over the keyboard,
 * the same character again and again, or digits and signs around it. Nothing but what is left without these
 * has to be guessed. A rule, since no list has passwords of such a length: of the 17,950 on ours, 41.
 */
export function isPaddedPassword(password: string, isCommon: (text: string) => boolean): boolean {
  const unit = repeatedUnit([...password.toLowerCase()])
  const left = withoutWalks(unit)
  if (left.length < input.passwordMinCodePoints) return true
  return [unit, left].some((characters) => cores(characters).some(isCommon))
}

/** The shortest beginning of which the whole is two repeats or more, the last one perhaps cut off. */
function repeatedUnit(characters: readonly string[]): readonly string[] {
  const half = Math.floor(characters.length / 2)
  for (let size = 1; size <= half; size += 1) {
    if (characters.every((each, index) => index < size || each === characters[index - size])) {
      return characters.slice(0, size)
    }
  }
  return characters
}

/** The text with all, some or none of the digits and signs behind it, and with or without those before it. */
function cores(characters: readonly string[]): readonly string[] {
  const first = characters.findIndex((each) => !DECORATION.test(each))
  const last = characters.findLastIndex((each) => !DECORATION.test(each))
  const ends = Array.from({ length: characters.length - last }, (_, kept) => last + 1 + kept)
  const starts = new Set([0, Math.max(0, first)])
  return [...starts].flatMap((start) => ends.map((end) => characters.slice(start, end).join('')))
}

function withoutWalks(characters: readonly string[]): readonly string[] {
  const left: string[] = []
  let at = 0
  while (at < characters.length) {
    const length = walkAt(characters, at)
    if (length === 0) left.push(characters[at] ?? '')
    at += Math.max(1, length)
  }
  return left
}

/** How many characters from here on are one walk; 0 for too few. */
function walkAt(characters: readonly string[], from: number): number {
  let length = 0
  let same = true
  let walk = ''
  for (const each of characters.slice(from)) {
    walk += each
    same &&= each === characters[from]
    if (!same && !WALKS.some((track) => track.includes(walk))) break
    length += 1
  }
  return length >= WALK_MIN ? length : 0
}
