import { effectiveSettings, loadConfig } from '../config.ts'
import { environmentWith } from './environment.ts'
import type { Invocation } from './invocation.ts'

/** Prints every setting with its value and where that comes from; secrets only as set or not. */
export async function printConfig({ options, output }: Invocation): Promise<void> {
  const rows = effectiveSettings(environmentWith(options.envFile))
  output.rows(rows, ['name', 'value', 'source'])
}

/** Checks all settings at once. Throws `start_refused` with everything that is wrong. */
export async function checkConfig({ options, output }: Invocation): Promise<void> {
  const { mode } = loadConfig(environmentWith(options.envFile))
  output.say(`The settings are right; the server would start in ${mode} mode.`)
}
