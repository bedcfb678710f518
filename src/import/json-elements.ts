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
    found.push({
      file,
      line,
      list,
      ...(isObject(value) ? { fields: value } : { reason: 'This is not an object.' }),
    })
  }
  try {
    for await (const piece of piecesOf(file)) {
      parser.write(piece)
      watch.requireRoom(piece.length)
      yield* found.splice(0)
    }
    if (!parser.isEnded) parser.end()
  } catch (error) {
    throw new Error(`${file} can't be read as JSON: ${sentence(error)}`, { cause: error })
  }
  yield* found.splice(0)
  if (!watch.hasSeen()) throw new Error(`${file} has no list "${lists.join('" or "')}".`)
}

function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (/ended in/.test(message)) return 'it ends too early.'
  return message.endsWith('.') ? message : `${message}.`
}

/**
 * Follows the tokens: in which list they are, how deep, and how much has come by since the last element
 * ended.
 */
function openWatch(lists: readonly string[]) {
  const elementsAt = lists.length === 0 ? 1 : 2
  let depth = 0
  let text = ''
  let member: string | null = null
  let seen = lists.length === 0
  let read = 0
  let released = 0
  const wanted = () => member === null || lists.includes(member)
  return {
    take({ token, value, offset }: ParsedTokenInfo): void {
      if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) depth += 1
      else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) depth -= 1
      else if (depth === 1 && lists.length > 0 && token === TokenType.STRING) text = String(value)
      else if (depth === 1 && token === TokenType.COLON) member = text
      if (depth > importing.jsonMaxDepth)
        throw new Error(`It nests more than ${importing.jsonMaxDepth} levels deep.`)
      seen ||= token === TokenType.LEFT_BRACKET && depth === elementsAt && wanted()
      if (depth <= elementsAt || !wanted()) released = offset
    },
    requireRoom(bytes: number): void {
      read += bytes
      if (read - released <= importing.recordMaxBytes + importing.readBytes) return
      throw new Error(
        `It has an element of more than ${importing.recordMaxBytes} bytes after byte ${released}.`,
      )
    },
    list: () => member,
    hasSeen: () => seen,
  }
}
