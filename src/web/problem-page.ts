import { en } from '../texts/en.ts'
import type { PageProblemCode, PageTexts } from '../texts/language.ts'
import { html } from './html.ts'
import { page, withCode } from './layout.ts'
import type { Site } from './layout.ts'

export interface ProblemFacts {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  /** One imperative sentence. */
  readonly action: string
  readonly requestId: string
}

/**
 * What a page answers where the API would answer a problem document. With `texts` it speaks to a user, in the
 * user's language; without, or about what no user meets, in the words of the API.
 */
export function problemPage(problem: ProblemFacts, texts: PageTexts | null, site: Site): string {
  const { code } = problem
  const known = texts && isPageProblem(code, texts) ? { ...texts.problem.codes[code], texts } : null
  const { title, action } = known ?? problem
  const { problem: words } = known?.texts ?? en.pages
  const body = html`
    ${!known && problem.detail !== `${title}.` && html`<p class="lead">${problem.detail}</p>`}
    <h2>${words.next}</h2>
    <p>${withCode(action)}</p>
    <dl class="facts">
      <dt>${words.status}</dt>
      <dd>${problem.status}</dd>
      <dt>${words.code}</dt>
      <dd>
        <a href="/docs/errors/${code}"><code>${code}</code></a>
      </dd>
      <dt>${words.request}</dt>
      <dd><code>${problem.requestId}</code></dd>
    </dl>
  `
  return page({ title, kind: 'account', texts: known?.texts ?? en.pages, body }, site)
}

function isPageProblem(code: string, { problem }: PageTexts): code is PageProblemCode {
  return Object.hasOwn(problem.codes, code)
}
