/** The languages that are built in, and the choice among them. */
import { input } from '../domain/limits.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import type { Language } from './language.ts'

/** By BCP 47 tag in lower case. A language is a file of this folder and a line of this table. */
export const languages: ReadonlyMap<string, Language> = new Map([
  ['en', en],
  ['de', de],
])

/** The first wanted language that there is (RFC 4647 section 3.4: `de-AT`, then `de`); else English. */
export function languageFor(wanted: readonly string[]): Language {
  return lookUp(wanted, languages) ?? en
}

/** The same among any languages; null where there is none of them. */
export function lookUp<Found>(wanted: readonly string[], among: ReadonlyMap<string, Found>): Found | null {
  for (const range of wanted) {
    let tag = range.toLowerCase()
    while (tag !== '') {
      const found = among.get(tag)
      if (found) return found
      tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))
    }
  }
  return null
}

/** The languages of an Accept-Language header, the dearest first (RFC 9110 section 12.5.4). */
export function acceptedLanguages(header: string | undefined): readonly string[] {
  const ranges = (header ?? '').split(',', input.acceptedLanguagesMax).map((range) => {
    const [tag = '', weight] = range.split(';').map((part) => part.trim())
    return { tag, quality: weight === undefined ? 1 : Number(weight.replace(/^q=/i, '')) }
  })
  const wanted = ranges.filter(({ tag, quality }) => /^[a-z0-9-]{1,35}$/i.test(tag) && quality > 0)
  return wanted.toSorted((one, other) => other.quality - one.quality).map(({ tag }) => tag)
}
