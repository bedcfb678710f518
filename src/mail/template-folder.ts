/**
 * The operator's own words and looks of mails: a folder of small files over what is built in
 * (`UM_TEMPLATES_DIR`). Read once; all that is wrong is said at once.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { templates as limits } from '../domain/limits.ts'
import { mailKinds, type MailKind } from '../domain/ports/mailer.ts'
import { placeholdersIn } from '../texts/fill.ts'
import type { CommonTexts, LetterText, MailTexts } from '../texts/language.ts'
import { lookUp } from '../texts/languages.ts'
import { slots } from './letter.ts'
import { readTexts, type Shape, type Texts } from './template-texts.ts'
import { builtInTemplates, hasLink, placesOf, type MailTemplates } from './templates.ts'

type Part = MailKind | 'common'

const PARTS: readonly Part[] = [...mailKinds, 'common']
const TEXTS = /^(?<part>[a-z_]+)\.(?<tag>[A-Za-z0-9-]{1,35})\.json$/

/** The files of one language, as far as they are there. */
type Given = ReadonlyMap<Part, Texts>

/** What is built in, as the files of a folder: a start for the operator's own. */
export function builtInFiles(): ReadonlyMap<string, string> {
  const files = [...builtInTemplates.languages.values()].flatMap(({ tag, common, letters }) =>
    PARTS.map((part): [string, string] => {
      const texts = part === 'common' ? common : letters[part]
      return [`${part}.${tag}.json`, `${JSON.stringify(texts, null, 2)}\n`]
    }),
  )
  const { layout, styles } = builtInTemplates
  return new Map([...files, ['layout.html', layout], ['mail.css', styles]])
}

/** The templates, those of the folder in front; and what is wrong with its files, each with its remedy. */
export function readTemplates(folder: string): {
  readonly templates: MailTemplates
  readonly problems: readonly string[]
} {
  const problems: string[] = []
  const refuse = (name: string, wrong: string) => problems.push(`The file ${join(folder, name)} ${wrong}.`)
  const names = namesIn(folder, problems)
  const texts = new Map(names.map((name) => [name, readFile(folder, name, refuse)]))
  const product = productOf(texts.get('mail.json'), (wrong) => refuse('mail.json', wrong))
  const layout = texts.get('layout.html') ?? builtInTemplates.layout
  for (const wrong of layoutProblems(layout)) refuse('layout.html', wrong)
  const styles = texts.get('mail.css') ?? builtInTemplates.styles
  if (styles.includes('<')) refuse('mail.css', 'has a <, which no style sheet needs; take it out')
  const given = Map.groupBy(
    names.flatMap((name) => partOf(name, refuse) ?? []),
    ({ tag }) => tag,
  )
  const own = [...given].map(([tag, files]): [string, MailTexts] => {
    const read = files.map(({ name, part }): [Part, Texts] => [
      part,
      readTexts(texts.get(name) ?? '{}', shapeOf(part), (wrong) => refuse(name, wrong)),
    ])
    const base = lookUp([tag], builtInTemplates.languages)
    if (base === null) problems.push(...missing(folder, tag, new Map(read)))
    return [tag.toLowerCase(), languageOf(tag, new Map(read), base)]
  })
  const languages = new Map([...builtInTemplates.languages, ...own])
  return { templates: { product, layout, styles, languages }, problems }
}

function namesIn(folder: string, problems: string[]): readonly string[] {
  try {
    // A mounted folder has entries of its own that begin with a dot.
    const names = readdirSync(folder).filter((name) => !name.startsWith('.') && !/^readme/i.test(name))
    if (names.length <= limits.filesMax) return names.toSorted()
    problems.push(`The folder ${folder} of UM_TEMPLATES_DIR has more than ${limits.filesMax} files.`)
  } catch {
    problems.push(
      `The folder ${folder} of UM_TEMPLATES_DIR cannot be read; correct its path or its rights, or make it ` +
        'with "user-management mail templates".',
    )
  }
  return []
}

type Refuse = (name: string, wrong: string) => void

function readFile(folder: string, name: string, refuse: Refuse): string | undefined {
  try {
    const path = join(folder, name)
    const file = statSync(path)
    if (file.isFile() && file.size <= limits.fileMaxBytes) return readFileSync(path, 'utf8')
    const wrong = file.isFile() ? `has more than ${limits.fileMaxBytes} bytes` : 'is no file'
    refuse(name, `${wrong}; shorten it or take it out`)
  } catch {
    refuse(name, 'cannot be read; correct its rights')
  }
  return undefined
}

function productOf(text: string | undefined, refuse: (wrong: string) => void): string | null {
  if (text === undefined) return null
  const shape: Shape = { lines: ['product'], lists: [], required: {}, places: () => [] }
  return readTexts(text, shape, refuse).lines.get('product') ?? null
}

function layoutProblems(layout: string): readonly string[] {
  const named = placeholdersIn(layout)
  const unknown = new Set(named.filter((name) => !slots.some((slot) => slot === name)))
  return [
    ...[...unknown].map((name) => `has the place {${name}}; take one of ${braced(slots)}`),
    ...['intro', 'button', 'notes']
      .filter((name) => !named.includes(name))
      .map((name) => `lacks {${name}}; put it where that part of a mail belongs`),
  ]
}

function partOf(name: string, refuse: Refuse): { name: string; part: Part; tag: string } | null {
  if (['mail.json', 'layout.html', 'mail.css'].includes(name)) return null
  const match = TEXTS.exec(name)?.groups
  const part = PARTS.find((each) => each === match?.['part'])
  const tag = match?.['tag'] ?? ''
  const canonical = canonicalTag(tag)
  if (part && canonical === tag) return { name, part, tag }
  if (part && canonical !== null) refuse(name, `has the language ${tag}; write it ${canonical}`)
  else
    refuse(
      name,
      'is no template: there are mail.json, layout.html, mail.css and <kind>.<language>.json, the ' +
        `kind being one of ${PARTS.join(', ')}; rename it or take it out`,
    )
  return null
}

function canonicalTag(tag: string): string | null {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? null
  } catch {
    return null
  }
}

function shapeOf(part: Part): Shape {
  if (part === 'common') {
    const places = (key: string) =>
      key === 'until' ? ['time', 'span'] : key === 'footer' ? ['product', 'host'] : []
    const lines = ['copy', 'when', 'address', 'until', 'footer']
    return { lines, lists: [], required: { until: 'time' }, places }
  }
  const places = placesOf(part)
  const lines = ['subject', 'heading', ...(hasLink(part) ? ['button'] : [])]
  return { lines, lists: ['intro', 'notes'], required: {}, places: () => places }
}

/** A language that is not built in has to be whole. */
function missing(folder: string, tag: string, given: Given): readonly string[] {
  const lacking = PARTS.flatMap((part) => {
    const texts = given.get(part)
    if (!texts) return [`${part}.${tag}.json`]
    const shape = shapeOf(part)
    const keys = [...shape.lines, ...shape.lists].filter(
      (key) => !texts.lines.has(key) && !texts.lists.has(key),
    )
    return keys.length > 0 ? [`${keys.join(', ')} in ${part}.${tag}.json`] : []
  })
  if (lacking.length === 0) return []
  return [
    `The folder ${folder} of UM_TEMPLATES_DIR has the language ${tag}, which is not built in, without ` +
      `${lacking.join('; ')}; add that; "user-management mail templates" writes files to translate.`,
  ]
}

function languageOf(tag: string, given: Given, base: MailTexts | null): MailTexts {
  const known = Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0
  const common = commonOf(given.get('common'), base?.common)
  const letter = (kind: MailKind) => letterOf(given.get(kind), base?.letters[kind])
  return {
    tag,
    dates: base?.tag === tag || !known ? (base?.dates ?? 'en-GB') : tag,
    common,
    letters: {
      verify_email: letter('verify_email'),
      reset_password: letter('reset_password'),
      set_password: letter('set_password'),
      change_email: letter('change_email'),
      email_changed: letter('email_changed'),
      password_changed: letter('password_changed'),
      address_taken: letter('address_taken'),
      new_device: letter('new_device'),
      session_theft: letter('session_theft'),
    },
  }
}

function commonOf(given: Texts | undefined, base: CommonTexts | undefined): CommonTexts {
  const line = (key: keyof CommonTexts) => given?.lines.get(key) ?? base?.[key] ?? ''
  return {
    copy: line('copy'),
    when: line('when'),
    address: line('address'),
    until: line('until'),
    footer: line('footer'),
  }
}

function letterOf(given: Texts | undefined, base: LetterText | undefined): LetterText {
  const button = given?.lines.get('button') ?? base?.button
  return {
    subject: given?.lines.get('subject') ?? base?.subject ?? '',
    heading: given?.lines.get('heading') ?? base?.heading ?? '',
    intro: given?.lists.get('intro') ?? base?.intro ?? [],
    ...(button !== undefined && { button }),
    notes: given?.lists.get('notes') ?? base?.notes ?? [],
  }
}

function braced(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(', ')
}
