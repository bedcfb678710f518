const PLACEHOLDER = /\{([a-z_]+)\}/

/** The text with its values in their places, as pieces: a value may be markup. */
export function pieces<Value>(
  text: string,
  values: Readonly<Record<string, Value>>,
): readonly (string | Value)[] {
  const valueOf = (name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : '')
  return text.split(PLACEHOLDER).map((part, place) => (place % 2 === 1 ? valueOf(part) : part))
}

/** The text with its values in their places. A value is never looked at for places again. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return pieces(text, values).join('')
}

/** The names between braces. */
export function placeholdersIn(text: string): readonly string[] {
  return text.split(PLACEHOLDER).filter((_part, place) => place % 2 === 1)
}
