/** A line of the log for people at a terminal. */

const LEVELS: Readonly<Record<number, { readonly name: string; readonly colour: number }>> = {
  20: { name: 'DEBUG', colour: 2 },
  30: { name: 'INFO', colour: 32 },
  40: { name: 'WARN', colour: 33 },
  50: { name: 'ERROR', colour: 31 },
}

/** Control characters, separators of lines, and what turns the direction of writing: none is obeyed. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/**
 * `10:20:30.456 WARN  what happened  field=value …`, times in UTC, and the stack of an error below. Takes a
 * line of JSON; one that is none comes back as it is, without its control characters.
 */
export function readableLine(json: string, { colours }: { readonly colours: boolean }): string {
  const record = parsed(json)
  if (record === null) return `${escaped(json.trimEnd())}\n`
  const { level, time, msg, err, ...fields } = record
  const { name, colour } = LEVELS[Number(level)] ?? { name: 'LOG', colour: 0 }
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text)
  const head = [String(time).slice(11, 23), paint(colour, name.padEnd(5)), escaped(String(msg))].join(' ')
  const shown = Object.entries(fields).map(([field, value]) => `  ${escaped(field)}=${shownValue(value)}`)
  return `${head}${shown.join('')}\n${stackLines(err)}`
}

function parsed(json: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** In quotes where it could be taken for more than one value. */
function shownValue(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\s"=]/.test(value)) return escaped(value)
  return escaped(typeof value === 'number' ? String(Math.round(value * 100) / 100) : JSON.stringify(value))
}

function stackLines(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const stack = 'stack' in err ? String(err.stack) : JSON.stringify(err)
  return stack
    .split('\n')
    .map((line) => `    ${escaped(line.trim())}\n`)
    .join('')
}

function escaped(text: string): string {
  return text.replace(UNSAFE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
