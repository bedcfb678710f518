import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { createOutput, type Output, type OutputForm } from '../../src/cli/output.ts'
import { askSecret, askYes } from '../../src/cli/prompt.ts'

async function printed(form: OutputForm, work: (output: Output) => void): Promise<string> {
  const data = new PassThrough()
  work(createOutput(form, { data, talk: new PassThrough() }))
  return text(data.end())
}

const hostile = 'a\u001b[2Jb\u009b31mc\r\nd\u202ee\u200bf'
const rows = [{ name: hostile }, { name: 'plain', more: { deep: 'x\u001by' } }]

test('nothing that users wrote moves the cursor of a terminal or hides a part of a line', async () => {
  const unsafe = /(?!\n)[\p{Cc}\p{Cf}]/u
  const table = await printed('text', ({ rows: print }) => print(rows, ['name', 'more']))
  assert.doesNotMatch(table, unsafe)
  assert.equal(table.split('\n').length, 4)
  assert.doesNotMatch(await printed('text', ({ record }) => record({ name: hostile })), unsafe)
})

test('programs get every character, and control characters only escaped', async () => {
  const json = await printed('json', ({ rows: print }) => print(rows, ['name']))
  assert.deepEqual(JSON.parse(json), rows)
  const lines = await printed('ndjson', ({ rows: print }) => print(rows, ['name']))
  assert.deepEqual(
    lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    rows,
  )
  assert.doesNotMatch(json + lines, /(?!\n)\p{Cc}/u)
})

test('an empty list is an empty table, an empty array and no line', async () => {
  assert.equal(await printed('text', ({ rows: print }) => print([], ['name'])), 'NAME\n')
  assert.deepEqual(JSON.parse(await printed('json', ({ rows: print }) => print([], ['name']))), [])
  assert.equal(await printed('ndjson', ({ rows: print }) => print([], ['name'])), '')
})

test('a list that comes in parts is one list in every form', async () => {
  const inParts = ({ list }: Output) => {
    const parts = list(['n'])
    parts.add([{ n: 1 }])
    parts.add([{ n: 2 }])
    parts.end()
  }
  assert.deepEqual(JSON.parse(await printed('json', inParts)), [{ n: 1 }, { n: 2 }])
  assert.equal(await printed('text', inParts), 'N\n1\n2\n')
})

test('whoever stops reading ends no command: the rest is not printed, and that is known', async () => {
  const data = new PassThrough()
  const output = createOutput('ndjson', { data, talk: new PassThrough() })
  assert.equal(output.gone(), false)
  data.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await new Promise((closed) => void data.once('close', closed))
  output.rows([{ n: 1 }], ['n'])
  assert.equal(output.gone(), true)
})

test('a password that is typed is not shown, and corrections count', async () => {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const asked = askSecret('Password: ', { input, output })
  input.write('corrext')
  input.write('\u007f\u007f')
  input.write('ct höörse\r')
  assert.equal(await asked, 'correct höörse')
  assert.equal(await text(output.end()), 'Password: \n')
})

test('Ctrl-C at a question ends the command as interrupted, and so does the end of the input', async () => {
  for (const key of ['\u0003', '\u0004']) {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const asked = askSecret('Password: ', { input, output })
    input.write(`secret${key === '\u0004' ? '\u0015' : ''}${key}`)
    await assert.rejects(asked, { ending: 'interrupted' })
  }
})

test('only a yes is a yes', async () => {
  for (const [answer, expected] of [
    ['y', true],
    ['YES', true],
    ['', false],
    ['n', false],
    ['yesterday', false],
  ] as const) {
    const [input, output] = [new PassThrough(), new PassThrough()]
    const asked = askYes('Delete?', { input, output })
    input.write(`${answer}\r`)
    assert.equal(await asked, expected, answer)
  }
})
