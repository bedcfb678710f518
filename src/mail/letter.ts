/** From the words of a mail to its two parts, text and HTML. */
import { fill } from '../texts/fill.ts'
import { html, render } from '../web/html.ts'
import type { Html } from '../web/html.ts'

/** The words of a mail, with their values. */
export interface Letter {
  /** BCP 47. */
  readonly lang: string
  readonly product: string
  readonly subject: string
  readonly heading: string
  readonly intro: readonly string[]
  /** Where the mail leads to, and the words on the button; null for a notice. */
  readonly link: { readonly url: string; readonly button: string; readonly copy: string } | null
  readonly facts: readonly (readonly [label: string, value: string])[]
  readonly notes: readonly string[]
  readonly footer: string
}

/** How the HTML part looks. */
export interface Looks {
  /** A whole document with the places of `slots`. */
  readonly layout: string
  /** CSS, put into the document as it is. */
  readonly styles: string
}

/** What a layout has places for. */
export const slots = [
  'lang',
  'subject',
  'styles',
  'product',
  'heading',
  'intro',
  'button',
  'facts',
  'notes',
  'footer',
] as const

/** The text part. The link stands alone on its line. */
export function asText(letter: Letter): string {
  const { link, facts } = letter
  const paragraphs = [
    letter.heading,
    ...letter.intro,
    ...(link ? [`${link.button}:\n${link.url}`] : []),
    ...(facts.length > 0 ? [facts.map(([label, value]) => `${label}: ${value}`).join('\n')] : []),
    ...letter.notes,
    `-- \n${letter.footer}`,
  ]
  return `${paragraphs.join('\n\n')}\n`
}

/** The HTML part. Everything but layout and styles is escaped. */
export function asHtml(letter: Letter, { layout, styles }: Looks): string {
  const values: Readonly<Record<(typeof slots)[number], string>> = {
    lang: render(html`${letter.lang}`),
    subject: render(html`${letter.subject}`),
    styles,
    product: render(html`${letter.product}`),
    heading: render(html`${letter.heading}`),
    intro: paragraphs(letter.intro),
    button: render(html`${button(letter)}`),
    facts: render(html`${facts(letter)}`),
    notes: paragraphs(letter.notes),
    footer: render(html`${letter.footer}`),
  }
  return fill(layout, values)
    .replaceAll(/\s*\n\s*/g, '\n')
    .trim()
}

function paragraphs(texts: readonly string[]): string {
  return render(html`${texts.map((text) => html`<p>${text}</p> `)}`)
}

function button({ link }: Letter): Html | null {
  if (!link) return null
  return html`<table class="button" role="presentation" cellpadding="0" cellspacing="0" border="0">
      <tr>
        <td bgcolor="#1f56c4">
          <a href="${link.url}" target="_blank" rel="noopener noreferrer"
            ><font color="#ffffff">${link.button}</font></a
          >
        </td>
      </tr>
    </table>
    <p>
      ${link.copy}<br />
      <a href="${link.url}" target="_blank" rel="noopener noreferrer">${link.url}</a>
    </p> `
}

function facts(letter: Letter): Html | null {
  if (letter.facts.length === 0) return null
  const rows = letter.facts.map(
    ([label, value]) =>
      html`<tr>
        <th scope="row" align="left">${label}</th>
        <td>${value}</td>
      </tr> `,
  )
  return html`<table class="facts" cellpadding="0" cellspacing="0" border="0">
    ${rows}
  </table>`
}
