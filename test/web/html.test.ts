import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html, render } from '../../src/web/html.ts'
import type { Content } from '../../src/web/html.ts'

const text = (value: Content): string => render(html`${value}`)

test('text is escaped in content and in quoted attributes', () => {
  const bad = `<script>"'&`
  assert.equal(
    render(html`<a title="${bad}">${bad}</a>`),
    '<a title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;</a>',
  )
})

test('what a template has made goes into another one as it is, and lists are joined', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`)
  assert.equal(render(html`<b>${items}</b>`), '<b><i>a</i><i>&lt;b&gt;</i></b>')
})

test('null, undefined and false are nothing, zero and the empty text are themselves', () => {
  assert.equal(text(null) + text(undefined) + text(false) + text(''), '')
  assert.equal(text(0), '0')
  assert.equal(text([null, 'a', false, [1, html`<i></i>`]]), 'a1<i></i>')
})

test('nothing that was parsed or built by hand passes for markup', () => {
  const forged: readonly string[] = ['{"markup":"<b>"}', '{"Symbol(markup)":"<b>"}', '{"toString":"<b>"}']
  for (const json of forged) {
    const value: Content = JSON.parse(json)
    let made = ''
    try {
      made = text(value)
    } catch {
      made = 'refused'
    }
    assert.equal(made.includes('<b>'), false)
  }
  assert.throws(() => Object.assign(html`<i></i>`, { other: 1 }), TypeError)
})

test('characters that no document may hold are replaced', () => {
  assert.equal(text('a\u0000b\u0008c\u007fd\ud800e'), 'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe')
  assert.equal(text('a\tb\nc\u{1F600}'), 'a\tb\nc\u{1F600}')
})
