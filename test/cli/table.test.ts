/** The command table, and what is made of it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Command } from 'commander'
import { commands } from '../../src/cli/commands.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { commonOptions, program } from '../../src/cli/run-command.ts'
import { generateCommands } from '../../scripts/generate-commands.ts'

const reference = generateCommands()

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

function nameOf(command: Command): string {
  const above = command.parent?.parent ? `${command.parent.name()} ` : ''
  return above + command.name()
}

test('the parser knows the commands of the table and no others', () => {
  const known = leaves(program()).map(nameOf)
  assert.deepEqual(known.toSorted(), commands.map(({ name }) => name).toSorted())
})

test('every command and every option says in a sentence what it does', () => {
  for (const { name, summary, options = [] } of commands) {
    assert.match(summary, /^[A-Z].{10,}\.$/, name)
    for (const option of options) assert.ok(option.summary.length >= 8, `${name} ${option.flag}`)
  }
})

test('the help of a command has the same options and words as the reference page', () => {
  const byName = new Map(leaves(program()).map((command) => [nameOf(command), command]))
  for (const { name, args, summary, options = [] } of commands) {
    const help = byName.get(name)?.configureHelp({ helpWidth: 400 }).helpInformation() ?? ''
    const from = reference.indexOf(`\n## ${name}\n`)
    assert.ok(from >= 0, name)
    const section = reference.slice(from, reference.indexOf('\n## ', from + 1))
    assert.ok(section.includes(['user-management', name, args].filter(Boolean).join(' ')), name)
    assert.ok(help.includes(summary) && section.includes(summary), name)
    for (const option of options) {
      assert.ok(help.includes(option.flag) && help.includes(option.summary), `${name} ${option.flag}`)
      assert.ok(section.includes(option.flag) && section.includes(option.summary), `${name} ${option.flag}`)
    }
    const shown = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map((match) => match[1])
    const declared = [...options, ...commonOptions].map(({ flag }) => flag.split(' ')[0])
    assert.deepEqual(new Set(shown), new Set([...declared, '--help']), name)
  }
})

test('options that exclude each other name options that there are', () => {
  for (const { name, options = [] } of commands) {
    const flags = options.map(({ flag }) => flag.split(' ')[0])
    for (const { conflicts = [] } of options)
      for (const other of conflicts) assert.ok(flags.includes(other), `${name} ${other}`)
  }
})

test('every exit code is in the reference page, once', () => {
  const codes = Object.values(exitCodes)
  assert.equal(new Set(codes.map(({ code }) => code)).size, codes.length)
  for (const { code, meaning } of codes) assert.ok(reference.includes(`| ${code} | ${meaning} |`))
})

test('no command takes a password as a word or as the value of an option', () => {
  const words = commands.flatMap(({ args = '', options = [] }) => [args, ...options.map(({ flag }) => flag)])
  assert.deepEqual(
    words.filter((word) => /<password>|--password[ =]/.test(word)),
    [],
  )
})

test('what commands import at their start is light: nothing of the server is loaded for the help', () => {
  const folder = join(import.meta.dirname, '../../src/cli')
  for (const file of ['commands.ts', 'with-control.ts', 'openapi.ts', '../control.ts']) {
    const text = readFileSync(join(folder, file), 'utf8')
    assert.doesNotMatch(
      text,
      /^import (?!type).*'\.\.?\/(?:\.\.\/)?(?:app|assemble|http\/.*|store\/.*)\.ts'/m,
      file,
    )
  }
})
