/** A file of texts, as an operator writes it: JSON with known keys, and values in braces. */
import { templates as limits } from '../domain/limits.ts'
import { placeholdersIn } from '../texts/fill.ts'

/** What a file may hold. */
export interface Shape {
  /** Keys whose value is a line of text. */
  readonly lines: readonly string[]
  /** Keys whose value is a list of paragraphs. */
  readonly lists: readonly string[]
  /** The value that a key may not leave out. */
  readonly required: Readonly<Record<string, string>>
  /** The values that a key may name in braces. */
  readonly places: (key: string) => readonly string[]
}

/** What a file holds. */
export interface Texts {
  readonly lines: ReadonlyMap<string, string>
  readonly lists: ReadonlyMap<string, readonly string[]>
}

/** Reads a file of texts; what is wrong with it is told, each with its remedy, and left out. */
export function readTexts(text: string, shape: Shape, refuse: (wrong: string) => void): Texts {
  const lines = new Map<string, string>()
  const lists = new Map<string, readonly string[]>()
  const add = (key: string, value: unknown) => {
    const wrong = (what: string) => refuse(`has ${what} in "${key}"`)
    if (shape.lines.includes(key)) {
      const line = readLine(value, wrong)
      if (line === null) return
      lines.set(key, line)
      checkPlaces([line], shape.places(key), wrong)
      const needed = shape.required[key]
      if (needed && !placeholdersIn(line).includes(needed)) wrong(`no {${needed}}, which belongs there,`)
    } else if (shape.lists.includes(key)) {
      const list = readList(value, wrong)
      if (list === null) return
      lists.set(key, list)
      checkPlaces(list, shape.places(key), wrong)
    } else {
      const known = [...shape.lines, ...shape.lists].join(', ')
      refuse(`has the key "${key}"; the keys are ${known}`)
    }
  }
  const entries = entriesOf(text)
  if (entries) for (const [key, value] of entries) add(key, value)
  else refuse('is no JSON object; correct it')
  return { lines, lists }
}

function entriesOf(text: string): readonly (readonly [string, unknown])[] | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : null
  } catch {
    return null
  }
}

function readLine(value: unknown, wrong: (what: string) => void): string | null {
  const line = typeof value === 'string' ? value.trim() : ''
  if (line !== '' && line.length <= limits.textMaxLength && !/\p{Cc}/u.test(line)) return line
  wrong(`no text of 1 to ${limits.textMaxLength} characters on one line`)
  return null
}

function readList(value: unknown, wrong: (what: string) => void): readonly string[] | null {
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  if (list.length === 0 || list.length > limits.paragraphsMax) {
    wrong(`no list of 1 to ${limits.paragraphsMax} texts`)
    return null
  }
  const lines = list.flatMap((each) => readLine(each, wrong) ?? [])
  return lines.length === list.length ? lines : null
}

/** A brace that belongs to no value is a slip, and would be read as it stands. */
function checkPlaces(
  texts: readonly string[],
  known: readonly string[],
  wrong: (what: string) => void,
): void {
  const may =
    known.length > 0 ? `take one of ${known.map((name) => `{${name}}`).join(', ')}` : 'there is none'
  for (const text of texts) {
    const unknown = placeholdersIn(text).find((name) => !known.includes(name))
    const left = text.replaceAll(/\{[a-z_]+\}/g, '')
    if (unknown !== undefined) wrong(`the value {${unknown}} (${may})`)
    else if (/[{}]/.test(left)) wrong(`a brace that belongs to no value (${may})`)
  }
}
