/** A strict reader for the markup that we write ourselves: what a browser would silently mend is a fault here. */
const VOID = new Set(['base', 'br', 'hr', 'img', 'input', 'link', 'meta'])
const TAG = /<(?:!doctype html|!--.*?--|(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<>]*")?)*)\s*(\/?))>/gis

export interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

/** The opening tags of a document, in order. */
export function tagsOf(document: string): readonly Tag[] {
  return [...document.matchAll(TAG)]
    .filter(([, closing, name]) => name !== undefined && !closing)
    .map(([, , name = '', attributes = '']) => ({ name, attributes: attributesOf(attributes) }))
}

/** Everything that is wrong: unbalanced tags, stray angle brackets, bare ampersands, ids that occur twice. */
export function faultsOf(document: string): readonly string[] {
  const faults: string[] = []
  const open: string[] = []
  for (const [, closing, name] of document.matchAll(TAG)) {
    if (name === undefined || VOID.has(name)) continue
    if (!closing) open.push(name)
    else if (open.at(-1) === name) open.pop()
    else faults.push(`</${name}> closes <${open.at(-1) ?? 'nothing'}>`)
  }
  if (open.length > 0) faults.push(`not closed: ${open.join(', ')}`)
  const text = document.replaceAll(TAG, '')
  faults.push(...(text.match(/.{0,20}[<>].{0,20}/g) ?? []).map((place) => `a stray bracket: ${place}`))
  const bare = document.match(/&(?!(?:amp|lt|gt|quot|#39);).{0,10}/g) ?? []
  faults.push(...bare.map((place) => `a bare ampersand: ${place}`))
  const ids = tagsOf(document).flatMap(({ attributes }) => attributes.get('id') ?? [])
  faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `the id ${id} occurs twice`))
  return faults
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(/([a-z-]+)(?:="([^"]*)")?/gi)].map(([, name = '', value = '']) => [name, value]),
  )
}
