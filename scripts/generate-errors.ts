import { catalogue, type CatalogueEntry, type ErrorCode, type StartCode } from '../src/domain/errors.ts'

const INTRO = `# Errors

<!-- Generated from src/domain/errors.ts by \`npm run generate\`; never edit it. -->

Every answer with a status of 400 or more is \`application/problem+json\` (RFC 9457). Its \`code\` is one of those below; codes are
never renamed. The same texts stand at \`/docs/errors/<code>\` of a running server, where the \`type\` of the answer leads.
`

/** Codes without a status are told apart by where they occur: those that end a start, and those inside `errors[]`. */
const START_CODES: readonly ErrorCode[] = ['store_incompatible', 'start_refused'] satisfies StartCode[]

/** The error reference in Markdown: a section for each status, in the order of the catalogue. */
export function generateErrors(): string {
  const codes = Object.keys(catalogue) as ErrorCode[]
  const sections = Map.groupBy(codes, sectionOf)
  const parts = [...sections].map(([title, members]) =>
    [`## ${title}\n`, ...members.map(describe)].join('\n'),
  )
  return [INTRO, ...parts].join('\n')
}

function sectionOf(code: ErrorCode): string {
  const { status } = entryOf(code)
  if (status !== null) return `Status ${status}`
  return START_CODES.includes(code)
    ? 'At the start, on the terminal (exit code 4)'
    : 'Inside `errors[]` of a 422'
}

function describe(code: ErrorCode): string {
  const { title, causes, action } = entryOf(code)
  const list = causes.map((cause) => `- ${cause}.\n`).join('')
  return `### ${code}\n\n${title}.\n\nUsual causes:\n\n${list}\nWhat to do: ${action}\n`
}

function entryOf(code: ErrorCode): CatalogueEntry {
  return catalogue[code]
}
