/** Commands about backups, and about what was deleted since. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadConfig } from '../config.ts'
import { backup as limits } from '../domain/limits.ts'
import { confirm } from './change-users.ts'
import { environmentWith } from './environment.ts'
import { commandError } from './exit-codes.ts'
import { valuesOf, type Invocation } from './invocation.ts'
import { createProgress } from './progress.ts'
import { rowOf, textOf, withControl, type Ask } from './with-control.ts'

const SIGNED_OUT = 'Everybody has to sign in again; links that were mailed are dead.'

/** Writes a copy of all data beside a running server, or without one. */
export async function createBackup(invocation: Invocation): Promise<void> {
  const [file = ''] = invocation.args
  const { output } = invocation
  const path = resolve(file)
  const done = rowOf(await withControl(invocation, (ask) => ask('POST', '/control/backup', { path })))
  const config = loadConfig(environmentWith(invocation.options.envFile))
  const { keyFileOf } = await import('../restore.ts')
  output.record({ file: path, ...done })
  output.say(`The master key is NOT in it. Keep ${keyFileOf(config)} in another safe place:`)
  output.say('without that file nobody can use this backup.')
  if (config.passwordPepperFile !== null) {
    output.say(`The same is true of the password pepper, ${config.passwordPepperFile}.`)
  }
}

/** Checks a backup from its first byte to its last. */
export async function verifyBackup(invocation: Invocation): Promise<void> {
  const [file = ''] = invocation.args
  const { output } = invocation
  const config = loadConfig(environmentWith(invocation.options.envFile))
  const [{ checkBackup, keyFileOf }, { systemClock }] = await Promise.all([
    import('../restore.ts'),
    import('../app.ts'),
  ])
  const path = resolve(file)
  const report = checkBackup(path, config, systemClock.now())
  if (report.kind === 'unsound') {
    throw commandError('failed', `${path} cannot be restored.`, ...report.problems)
  }
  output.record({ file: path, at: new Date(report.at).toISOString(), users: report.users })
  if (report.keyFile === 'absent') {
    output.say(`Not checked: whether the master key fits, since there is no ${keyFileOf(config)}.`)
  }
}

/** Brings a backup back on a stopped instance; asks before, unless it was told not to. */
export async function restoreBackup(invocation: Invocation): Promise<void> {
  const [file = ''] = invocation.args
  const { output } = invocation
  const config = loadConfig(environmentWith(invocation.options.envFile))
  const backup = resolve(file)
  await confirm(invocation, `Put the backup ${backup} in the place of the present data?`)
  const [{ restore }, { systemClock: clock }, { createLog }] = await Promise.all([
    import('../restore.ts'),
    import('../app.ts'),
    import('../observe/log.ts'),
  ])
  const ledgers = valuesOf(invocation, 'ledger').map((each) => resolve(each))
  const onStep = (step: string) => output.say(`${step} …`)
  const done = await restore(config, { backup, ledgers, clock, log: createLog('error'), onStep })
  output.record({
    restored: backup,
    at: new Date(done.at).toISOString(),
    deleted_again: done.deletedAgain,
    kept: done.kept,
  })
  for (const warning of done.warnings) output.say(`Warning: ${warning}`)
  output.say(SIGNED_OUT)
  sayAdmin(done.hasAdmin, output.say)
  if (done.kept === null) return
  output.say(`What was here before is kept as ${done.kept}, with people who may have been deleted:`)
  output.say('remove that file once you no longer need it.')
}

/** Holds data that were brought back by other means to the deletion ledger. */
export async function replayLedger(invocation: Invocation): Promise<void> {
  const config = loadConfig(environmentWith(invocation.options.envFile))
  await confirm(invocation, 'Delete again whom the ledger names, and end every session and mailed link?')
  const { ledgerFileIn } = await import('../store/ledger-file.ts')
  const own = ledgerFileIn(resolve(config.dataDir))
  const files = [...(existsSync(own) ? [own] : []), ...valuesOf(invocation, 'ledger')]
  const progress = createProgress({ of: 'users', total: null })
  const done = await withControl(invocation, async (ask) => {
    for (const file of files) await sendLedger(file, ask)
    let [checked, deleted] = [0, 0]
    let after: string | null = null
    do {
      const step = rowOf(await ask('POST', '/control/deletions/replay', { after }))
      checked += Number(step['checked'])
      deleted += Number(step['deleted'])
      after = textOf(step, 'next') || null
      progress.reached(checked)
    } while (after !== null)
    const { has_admin: hasAdmin } = rowOf(await ask('POST', '/control/deletions/end'))
    await ask('POST', '/control/scrub')
    return { checked, deleted, hasAdmin: hasAdmin === true }
  }).finally(progress.end)
  const { output } = invocation
  output.record({ ledgers: files, users_checked: done.checked, deleted_again: done.deleted })
  output.say(SIGNED_OUT)
  sayAdmin(done.hasAdmin, output.say)
}

async function sendLedger(file: string, ask: Ask): Promise<void> {
  const { readLedgerFile } = await import('../store/ledger-file.ts')
  for await (const batch of readLedgerFile(file)) {
    for (let from = 0; from < batch.length; from += limits.ledgerPerRequest) {
      const some = batch.slice(from, from + limits.ledgerPerRequest)
      await ask('POST', '/control/deletions', {
        items: some.map(({ hash, at }) => ({ hash: hash.toHex(), at })),
      })
    }
  }
}

function sayAdmin(hasAdmin: boolean, say: (line: string) => void): void {
  if (!hasAdmin) say('There is no administrator now: make one with "user-management users create".')
}
