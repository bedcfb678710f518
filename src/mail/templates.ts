/**
 * From a mail's kind and parameters to what the reader gets. The words are those of `texts/`, or of the
 * operator. Letters that may reach an address before its owner has proven it hold no text that a user chose:
 * nobody can write to a stranger through us by registering the stranger's address.
 */
import { readFileSync } from 'node:fs'
import { input, lifetimes } from '../domain/limits.ts'
import type { MailContent } from '../domain/mail.ts'
import type { MailKind, MailMessage } from '../domain/ports/mailer.ts'
import type { Ms } from '../domain/ports/runtime.ts'
import { en } from '../texts/en.ts'
import { fill } from '../texts/fill.ts'
import type { LetterText, MailTexts } from '../texts/language.ts'
import { languages, lookUp } from '../texts/languages.ts'
import { spanText, timeText } from '../texts/times.ts'
import { asHtml, asText, type Letter, type Looks } from './letter.ts'

/** What a mail is made from. `createdAt` is when its cause happened. */
export interface MailFacts {
  readonly kind: MailKind
  /** BCP 47 language tag of the reader. */
  readonly locale: string
  /**
   * Params read here: `newEmail` (by `email_changed`). Leave it out where the address that the mail goes to
   * is not verified.
   */
  readonly content: Pick<MailContent, 'link' | 'params'>
  readonly createdAt: Ms
}

/** Words and looks of all mails. */
export interface MailTemplates extends Looks {
  /** What the mails call this server; null: the host of the public URL, which a reader can check. */
  readonly product: string | null
  /** By BCP 47 tag in lower case; English is always there. */
  readonly languages: ReadonlyMap<string, MailTexts>
}

export const builtInTemplates: MailTemplates = {
  product: null,
  layout: readFileSync(new URL('./layout.html', import.meta.url), 'utf8'),
  // Has none of the characters that a template escapes.
  styles: readFileSync(new URL('../web/mail.css', import.meta.url), 'utf8'),
  languages: new Map([...languages].map(([tag, { mails }]) => [tag, mails])),
}

/** How long the link of a mail works; a kind that is missing here has none. */
const linkLifetimes: Readonly<Partial<Record<MailKind, Ms>>> = {
  verify_email: lifetimes.verifyTokenMs,
  change_email: lifetimes.verifyTokenMs,
  reset_password: lifetimes.resetTokenMs,
  set_password: lifetimes.setPasswordTokenMs,
}

/** Whether a mail of this kind lets somebody into an account. */
export function hasLink(kind: MailKind): boolean {
  return linkLifetimes[kind] !== undefined
}

/** The values that the letter of a kind may name in braces. */
export function placesOf(kind: MailKind): readonly string[] {
  if (hasLink(kind)) return ['product', 'host', 'until']
  return ['product', 'host', 'when', ...(kind === 'email_changed' ? ['address'] : [])]
}

/** Renders a mail. Every value is escaped, set on one line and cut to a limit. */
export function renderMail(
  mail: MailFacts,
  publicUrl: string,
  templates: MailTemplates = builtInTemplates,
): Pick<MailMessage, 'subject' | 'text' | 'html'> {
  const texts = lookUp([mail.locale, en.mails.tag], templates.languages) ?? en.mails
  const letter = letterOf(mail, texts, { ...templates, host: new URL(publicUrl).host })
  return { subject: letter.subject, text: asText(letter), html: asHtml(letter, templates) }
}

function letterOf(
  { kind, content, createdAt }: MailFacts,
  { tag, dates, common, letters }: MailTexts,
  site: { readonly product: string | null; readonly host: string },
): Letter {
  const lifetimeMs = linkLifetimes[kind] ?? null
  const address = kind === 'email_changed' ? oneLine(content.params['newEmail']) : null
  const when = timeText(createdAt, dates)
  const ends = {
    time: timeText(createdAt + (lifetimeMs ?? 0), dates),
    span: spanText(lifetimeMs ?? 0, dates),
  }
  const product = site.product ?? site.host
  const until = fill(common.until, ends)
  const values = { product, host: site.host, when, until, address: address ?? '' }
  const { subject, heading, intro, notes, button }: LetterText = letters[kind]
  const written = (text: string) => fill(text, values)
  const url = webLink(content.link)
  return {
    lang: tag,
    product,
    subject: written(subject),
    heading: written(heading),
    intro: intro.map(written),
    link: url !== null && button !== undefined ? { url, button: written(button), copy: common.copy } : null,
    facts: [
      ...(address === null ? [] : ([[common.address, address]] as const)),
      ...(lifetimeMs === null ? ([[common.when, when]] as const) : []),
    ],
    notes: notes.map(written),
    footer: written(common.footer),
  }
}

/** A value as one line: no line breaks, no control or direction characters, at most 320 characters. */
function oneLine(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return line === '' ? null : line.slice(0, input.identifierMaxLength)
}

/** Only http and https addresses become links. */
function webLink(link: string | null): string | null {
  const url = link === null ? null : URL.parse(link)
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}
