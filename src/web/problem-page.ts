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

/** What a page answers where the API would answer a problem document. */
export function problemPage(problem: ProblemFacts, site: Site): string {
  const sameAsTitle = problem.detail === `${problem.title}.`
  const body = html`
    ${!sameAsTitle && html`<p class="lead">${problem.detail}</p>`}
    <h2>What to do</h2>
    <p>${withCode(problem.action)}</p>
    <dl class="facts">
      <dt>Status</dt>
      <dd>${problem.status}</dd>
      <dt>Code</dt>
      <dd>
        <a href="/docs/errors/${problem.code}"><code>${problem.code}</code></a>
      </dd>
      <dt>Request</dt>
      <dd><code>${problem.requestId}</code></dd>
    </dl>
  `
  return page({ title: problem.title, kind: 'account', body }, site)
}
