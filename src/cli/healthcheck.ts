import { loadConfig, type Config } from '../config.ts'
import { control } from '../domain/limits.ts'
import { environmentWith } from './environment.ts'
import { commandError } from './exit-codes.ts'
import { isOn, type Invocation } from './invocation.ts'

/** Not imported, since that takes 30 ms longer: see `control.ts`. */
const { request } = process.getBuiltinModule('node:http')

/** What a host is reached under that stands for every address of the machine. */
const OWN_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' }

/** Asks the server of these settings, on this machine and past any proxy, whether it is ready or alive. */
export async function healthcheck(invocation: Invocation): Promise<void> {
  const config = loadConfig(environmentWith(invocation.options.envFile))
  if (config.port === 0) {
    throw commandError('configuration', 'UM_PORT is 0, any free port; set the one that is to be asked.')
  }
  const path = isOn(invocation, 'live') ? '/livez' : '/readyz'
  const status = await statusOf(config, path)
  if (status === null) {
    const within = `${control.healthAnswerMs / 1000} seconds`
    throw commandError('unreachable', `Nobody has answered ${path} on port ${config.port} within ${within}.`)
  }
  if (status !== 200) throw commandError('failed', `${path} was answered with ${status}.`)
  invocation.output.record({ answer: 'ok' })
}

/** Null where there is no answer in time. */
function statusOf({ host, port }: Config, path: string): Promise<number | null> {
  const signal = AbortSignal.timeout(control.healthAnswerMs)
  return new Promise((known) => {
    request({ host: OWN_ADDRESS[host] ?? host, port, path, signal }, (response) => {
      response.destroy()
      known(response.statusCode ?? null)
    })
      .on('error', () => known(null))
      .end()
  })
}
