/** In which language a page speaks. */
import { localeOfLink } from '../domain/one-time-link.ts'
import type { PageTexts } from '../texts/language.ts'
import { acceptedLanguages, languageFor } from '../texts/languages.ts'
import type { Call } from './route.ts'

/** Behind a mailed link: the language of the user whom it was mailed to, live or not; else the browser's. */
export async function textsOfLink(
  token: string,
  { deps, header }: Pick<Call, 'deps' | 'header'>,
): Promise<PageTexts> {
  const locale = await localeOfLink(token, deps)
  const accepted = acceptedLanguages(header('accept-language'))
  return languageFor(locale === null ? accepted : [locale, ...accepted]).pages
}

/** Where there is no user to know: the language of the browser. */
export function acceptedTexts(header: string | undefined): PageTexts {
  return languageFor(acceptedLanguages(header)).pages
}
