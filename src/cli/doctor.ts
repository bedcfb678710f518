/** Looks at everything that can keep a server from its work, and says what to do about it. */
import { loadConfig, type Config } from '../config.ts'
import { DomainError } from '../domain/errors.ts'
import { verdict, type Check } from './check.ts'
import { machineChecks } from './doctor-machine.ts'
import { conditionChecks } from './doctor-condition.ts'
import { environmentWith } from './environment.ts'
import { commandError, isCommandError } from './exit-codes.ts'
import type { Invocation } from './invocation.ts'
import { rowOf, withControl } from './with-control.ts'

const COLUMNS = ['check', 'state', 'detail', 'remedy']

/** Prints every check; one that fails fails the command. */
export async function doctor(invocation: Invocation): Promise<void> {
  const checks = await everyCheck(invocation)
  invocation.output.rows(
    checks.map((each) => ({ ...each })),
    COLUMNS,
  )
  const failed = checks.filter(({ state }) => state === 'fail')
  if (failed.length > 0) throw commandError('failed', `${failed.length} of ${checks.length} checks failed.`)
}

/** Without settings that can be read there is nothing else to look at. */
async function everyCheck(invocation: Invocation): Promise<readonly Check[]> {
  let config: Config
  try {
    config = loadConfig(environmentWith(invocation.options.envFile))
  } catch (error) {
    return [failed('settings', error, 'Correct the settings that are named here.')]
  }
  const settings = verdict('settings', `${config.mode} mode`, null)
  const [mail, data] = await Promise.all([mailServerCheck(config), dataChecks(invocation)])
  return [settings, ...machineChecks(config), ...data, ...mail]
}

async function dataChecks(invocation: Invocation): Promise<readonly Check[]> {
  try {
    const { systemClock } = await import('../app.ts')
    return await withControl(invocation, async (ask) => {
      const asked = systemClock.now()
      const found = rowOf(await ask('GET', '/control/condition'))
      return conditionChecks(found, { asked, answered: systemClock.now() })
    })
  } catch (error) {
    if (!(error instanceof DomainError) && !isCommandError(error)) throw error
    return [failed('store', error, 'Do what is said here; then run the command again.')]
  }
}

async function mailServerCheck(config: Config): Promise<readonly Check[]> {
  if (config.smtpUrl === null)
    return [verdict('mail server', 'none is set: mails stay in the built-in inbox', null)]
  const [{ checkMailServer }, { systemClock }] = await Promise.all([
    import('../mail-server.ts'),
    import('../app.ts'),
  ])
  try {
    await checkMailServer(config, systemClock)
    return [verdict('mail server', 'reached, and signed in where there is a password', null)]
  } catch (error) {
    return [failed('mail server', error, 'Check UM_SMTP_URL, and that this machine may reach that server.')]
  }
}

function failed(check: string, error: unknown, remedy: string): Check {
  const lines = isCommandError(error) ? error.lines : [error instanceof Error ? error.message : String(error)]
  return verdict(check, lines.join(' ').replaceAll('\n', ' '), ['fail', remedy])
}
