import { existsSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { loadConfig, type Config } from '../config.ts'
import { DomainError } from '../domain/errors.ts'

/** Runs the server until SIGTERM or SIGINT. */
export async function serve(): Promise<void> {
  const config = loadConfig(process.env)
  const dataDir = resolve(config.dataDir)
  makeDataDir(dataDir)
  const firstRun = !existsSync(join(dataDir, 'master.key'))
  const compileCache = join(dataDir, 'compile-cache')
  enableCompileCache(compileCache)
  // Worker threads take it from the environment: a hash thread then needs half the memory.
  process.env['NODE_COMPILE_CACHE'] = compileCache
  const { startApp } = await import('../app.ts')
  const say = (line: string) => process.stdout.write(`${line}\n`)
  const app = await startApp(config, {
    onMail: (kind, inboxUrl) => {
      if (inboxUrl) say(`mail ${kind} → ${inboxUrl}`)
    },
  })
  stopOnSignal(app.stop)
  for (const line of banner(config, app.publicUrl, { dataDir, firstRun })) say(line)
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

/** At most 14 lines; the last one is `ready <public URL>`. */
function banner(
  config: Config,
  publicUrl: string,
  { dataDir, firstRun }: { dataDir: string; firstRun: boolean },
): string[] {
  const file = relative(process.cwd(), join(dataDir, config.databaseUrl.replace(/^sqlite:/, '')))
  const development = config.mode === 'development'
  const example = '{"username":"ada","email":"ada@example.com","password":"correct horse battery staple"}'
  return [
    `user-management 0.1.0, ${config.mode} mode${development ? ' (UM_MODE=production for real use)' : ''}`,
    `  API    ${publicUrl}/openapi.json`,
    `  Docs   ${publicUrl}/docs`,
    ...(development ? [`  Mail   ${publicUrl}/dev/mail`] : []),
    `  Data   ${file}`,
    ...(firstRun && development
      ? [
          'Register somebody:',
          `  curl ${publicUrl}/users/register -H 'Content-Type: application/json' \\`,
          `    -d '${example}'`,
        ]
      : []),
    `ready ${publicUrl}`,
  ]
}
