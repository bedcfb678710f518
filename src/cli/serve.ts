import { existsSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join, relative, resolve } from 'node:path'
import type { App } from '../app.ts'
import { loadConfig, type Config } from '../config.ts'
import { DomainError } from '../domain/errors.ts'
import { version } from '../domain/version.ts'
import type { Invocation } from './invocation.ts'
import { environmentWith } from './environment.ts'
import { placeSetupLink } from './setup-link.ts'

/**
 * Runs the server until SIGTERM or SIGINT; `end` is for a store that was away at the start and turns out to
 * be one that this server can't use, so that nothing has been served.
 */
export async function serve({ options, end }: Invocation): Promise<void> {
  const config = loadConfig(environmentWith(options.envFile))
  const dataDir = resolve(config.dataDir)
  makeDataDir(dataDir)
  const firstRun = !existsSync(join(dataDir, 'master.key'))
  const compileCache = join(dataDir, 'compile-cache')
  enableCompileCache(compileCache)
  // Worker threads take it from the environment: a hash thread then needs half the memory.
  process.env['NODE_COMPILE_CACHE'] ??= compileCache
  const { startApp } = await import('../app.ts')
  // Whoever read our lines may go (`| head`, a collector that restarts): that is no reason to end.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const place = (link: string | null) => placeSetupLink(link, { dataDir, terminal: process.stdout.isTTY })
  const app = await startApp(config, {
    onIncompatible: end,
    onMail: (kind, inboxUrl) => {
      if (inboxUrl) say(`mail ${kind} → ${inboxUrl}`)
    },
    onSetupLink: (link) => place(link).forEach(say),
  })
  stopOnSignal(app.stop)
  for (const line of banner(config, app, { firstRun, setup: place(app.setupLink) })) say(line)
}

function makeDataDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new DomainError('start_refused', {
      detail:
        `The data folder ${path} cannot be made (${code}); ` +
        'make its place writable, or set UM_DATA_DIR to another.',
      cause,
    })
  }
}

function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const end = () => {
    if (stopping) return
    stopping = true
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`user-management: could not stop cleanly: ${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

/** At most 14 lines; the last one is `ready <public URL>`, with a remark while the store is away. */
function banner(
  config: Config,
  app: App,
  { firstRun, setup }: { readonly firstRun: boolean; readonly setup: readonly string[] },
): string[] {
  const { publicUrl, dataDir, metricsUrl, storeAway } = app
  const development = config.mode === 'development'
  const example = '{"username":"ada","email":"ada@example.com","password":"correct horse battery staple"}'
  const hint = development ? ' (UM_MODE=production for real use)' : ''
  return [
    `user-management ${version}, ${config.mode} mode${hint}`,
    `  API    ${publicUrl}/openapi.json`,
    `  Docs   ${publicUrl}/docs`,
    ...(development ? [`  Mail   ${publicUrl}/dev/mail`] : []),
    `  Data   ${placeOfData(config.databaseUrl, dataDir)}`,
    ...(metricsUrl ? [`  Metrics  ${metricsUrl}`] : []),
    ...(firstRun && development
      ? [
          'Register somebody:',
          `  curl ${publicUrl}/users/register -H 'Content-Type: application/json' \\`,
          `    -d '${example}'`,
        ]
      : []),
    ...setup,
    `ready ${publicUrl}${storeAway ? ' (store away)' : ''}`,
  ]
}

/** The file, or the hosts and the name of the database, without what is secret in the URL. */
function placeOfData(url: string, dataDir: string): string {
  if (url.startsWith('mongodb')) return url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/s, '')
  return relative(process.cwd(), join(dataDir, url.replace(/^sqlite:/, '')))
}
