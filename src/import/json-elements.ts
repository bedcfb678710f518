import { JSONParser, TokenType, type ParsedTokenInfo } from '@streamparser/json'
import { importing } from '../domain/limits.ts'
import { isObject, type SourceRow } from './source-row.ts'
import { piecesOf } from './text-file.ts'

/**
 * The elements of a JSON document: of the lists of these names in it, or, with none named, of the document,
 * which is a list itself. They are given as they come by, and nothing else is kept. Throws where none of the
 * lists is there, where it is no JSON or ends too early, and where one element is too large or nests too
 * deeply.
 */
export async function* jsonElements(file: string, lists: readonly string[]): AsyncGenerator<SourceRow> {
  const watch = openWatch(lists)
  const found: SourceRow[] = []
  const counts = new Map<string | null, number>()
  const paths = lists.length === 0 ? ['$.*'] : lists.map((list) => `$.${list}.*`)
  const parser = new JSONParser({ paths, keepStack: false })
  parser.onToken = watch.take
  parser.onValue = ({ value, key }) => {
    if (typeof key !== 'number') return
    const list = watch.list()
    const line = (counts.get(list) ?? 0) + 1
    counts.set(list, line)
    const read = isObject(value) ? { fields: value } : { reason: 'This is not an object.' }
    found.push({ file, line, list, ...read })
  }
  /** What the parser says has a piece of the text in it, which may be anybody's: it is not passed on. */
  const refuse = (problem: string) =>
    new Error(`${file} can't be read as JSON: ${watch.problem() ?? problem}.`)
  for await (const piece of piecesOf(file)) {
    try {
      parser.write(piece)
    } catch {
      throw refuse(`it is malformed after byte ${watch.at()}`)
    }
    watch.read(piece.length)
    yield* found.splice(0)
    if (watch.problem() !== null) throw refuse('')
  }
  try {
    if (!parser.isEnded) parser.end()
  } catch {
    throw refuse('it ends too early')
  }
  yield* found.splice(0)
  if (!watch.hasSeen()) throw new Error(`${file} has no list "${lists.join('" or "')}".`)
}

/** Follows the tokens: in which list they are, how deep, and how much has come by since an element ended. */
function openWatch(lists: readonly string[]) {
  const { jsonMaxDepth, recordMaxBytes, readBytes } = importing
  const elementsAt = lists.length === 0 ? 1 : 2
  let depth = 0
  let text = ''
  let member: string | null = null
  let seen = lists.length === 0
  let at = 0
  let read = 0
  let released = 0
  let problem: string | null = null
  const wanted = () => member === null || lists.includes(member)
  return {
    take({ token, value, offset }: ParsedTokenInfo): void {
      at = offset
      if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) depth += 1
      else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth -= 1
      else if (depth === 1 && lists.length > 0 && token === TokenType.STRING) text = String(value)
      else if (depth === 1 && token === TokenType.COLON) member = text
      seen ||= token === TokenType.LEFT_BRACKET && depth === elementsAt && wanted()
      if (depth <= elementsAt || !wanted()) released = offset
      if (depth <= jsonMaxDepth) return
      problem = `it nests more than ${jsonMaxDepth} levels deep`
      throw new Error(problem)
    },
    read(bytes: number): void {
      read += bytes
      if (read - released <= recordMaxBytes + readBytes) return
      problem = `it has an element of more than ${recordMaxBytes} bytes after byte ${released}`
    },
    at: () => at,
    list: () => member,
    hasSeen: () => seen,
    problem: () => problem,
  }
}
