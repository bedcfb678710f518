/**
 * Markup by tagged template, escaped by default. There is no way to put a text in unescaped: what goes in
 * as it is, is only what another template has made. Attribute values must be quoted in the template.
 */
const markup: unique symbol = Symbol('markup')

/**
 * Markup made by `html`. Its key never leaves this file, so nothing that was parsed or sent in can pass for
 * it.
 */
export interface Html {
  readonly [markup]: string
}

/**
 * What a template takes: lists are joined, null, undefined and false are nothing, all else is escaped text.
 */
export type Content = Html | string | number | false | null | undefined | readonly Content[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
// oxlint-disable-next-line no-control-regex -- no document may hold these (HTML, section 13.1)
const NOT_ALLOWED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** Escapes for text and quoted attribute values alike; what no document may hold becomes U+FFFD. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  const parts = strings.map((literal, index) => literal + written(values[index]))
  return Object.freeze({ [markup]: parts.join('') })
}

/** The text of the markup. */
export function render(document: Html): string {
  return document[markup]
}

function written(value: Content): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return escape(value)
  return markup in value ? value[markup] : value.map(written).join('')
}

function escape(text: string): string {
  const clean = text.toWellFormed().replace(NOT_ALLOWED, '\uFFFD')
  return clean.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
