/** The one layout of all mails, as text and as HTML: tables for old mail programs, nothing remote. */
import { readFileSync } from 'node:fs'
import { html, render } from '../web/html.ts'
import type { Html } from '../web/html.ts'

/** The words of a mail. */
export interface Letter {
  readonly subject: string
  readonly heading: string
  readonly intro: readonly string[]
  /** What the link does, as the words on its button; null for a notice. */
  readonly button: string | null
  readonly facts: readonly (readonly [label: string, value: string | null])[]
  /** How long the link holds, who may ignore the mail, what to do if it was not you. */
  readonly notes: readonly string[]
}

/** Has none of the characters that a template escapes, so that it passes through one unchanged. */
const STYLES = readFileSync(new URL('../web/mail.css', import.meta.url), 'utf8')

/** The text part. The link stands alone on its line. */
export function asText(letter: Letter, product: string, link: string | null): string {
  const facts = letter.facts.flatMap(([label, value]) => (value === null ? [] : [`${label}: ${value}`]))
  const paragraphs = [
    letter.heading,
    ...letter.intro,
    ...(link && letter.button ? [`${letter.button}:\n${link}`] : []),
    ...(facts.length > 0 ? [facts.join('\n')] : []),
    ...letter.notes,
    `-- \n${footer(product)}`,
  ]
  return `${paragraphs.join('\n\n')}\n`
}

/** The HTML part: a whole document, its looks in one style block that the inbox swaps for a link. */
export function asHtml(letter: Letter, product: string, link: string | null): string {
  const document = render(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="supported-color-schemes" content="light dark" />
          <title>${letter.subject}</title>
          <style>
            ${STYLES}
          </style>
        </head>
        <body>
          <table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
            <tr>
              <td class="edge" align="center">
                <table
                  class="card"
                  role="presentation"
                  width="100%"
                  cellpadding="0"
                  cellspacing="0"
                  border="0"
                >
                  <tr>
                    <td class="inner" align="left">
                      <p class="product">${product}</p>
                      <h1>${letter.heading}</h1>
                      ${letter.intro.map((paragraph) => html`<p>${paragraph}</p> `)} ${button(letter, link)}
                      ${facts(letter)}
                      <div class="notes">${letter.notes.map((note) => html`<p>${note}</p> `)}</div>
                    </td>
                  </tr>
                </table>
                <p class="footer">${footer(product)}</p>
              </td>
            </tr>
          </table>
        </body>
      </html> `,
  )
  return document.replaceAll(/\s*\n\s*/g, '\n').trim()
}

function button(letter: Letter, link: string | null): Html | null {
  if (!link || !letter.button) return null
  return html`<table class="button" role="presentation" cellpadding="0" cellspacing="0" border="0">
      <tr>
        <td bgcolor="#1f56c4">
          <a href="${link}" target="_blank" rel="noopener noreferrer"
            ><font color="#ffffff">${letter.button}</font></a
          >
        </td>
      </tr>
    </table>
    <p>
      Or copy this address into your browser:<br />
      <a href="${link}" target="_blank" rel="noopener noreferrer">${link}</a>
    </p> `
}

function facts(letter: Letter): Html | null {
  const known = letter.facts.filter(([, value]) => value !== null)
  if (known.length === 0) return null
  const rows = known.map(
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

function footer(product: string): string {
  return `${product} sent this mail by itself; answers are not read. It never asks for your password by mail.`
}
