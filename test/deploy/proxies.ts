/** nginx and Caddy as an operator runs them: with our files, at ports and with a certificate of the test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { networkInterfaces } from 'node:os'
import { delimiter, join } from 'node:path'
import { connect } from 'node:tls'
import { read, ROOT } from '../rules/source.ts'
import { fixedPort, temporaryFolder, until, within } from '../support/process.ts'

/** The name in our files; no resolver is asked for it. */
export const HOST = 'accounts.example.com'

export type ProxyName = 'nginx' | 'caddy'

export interface Proxy {
  readonly name: ProxyName
  /** The ports for plain requests and for those over TLS, on 127.0.0.1. */
  readonly http: number
  readonly https: number
  /** What a client has to trust. */
  readonly ca: string
  /** Everything that it has written so far: its output and its files. */
  written(): string
  end(): Promise<void>
}

interface Ports {
  readonly http: number
  readonly https: number
  readonly server: number
}

interface Kind {
  /** Programs that it needs, the proxy itself first. */
  readonly needs: readonly string[]
  /** Writes its settings into the folder; answers the words of the command and the file to trust. */
  prepare(folder: string, ports: Ports): { readonly words: readonly string[]; readonly ca: string }
  /** The words that let it look at the settings and no more. */
  check(folder: string): readonly string[]
}

const kinds: Readonly<Record<ProxyName, Kind>> = {
  nginx: {
    needs: ['nginx', 'openssl'],
    prepare: prepareNginx,
    check: (folder) => [...nginxIn(folder), '-t'],
  },
  caddy: {
    needs: ['caddy'],
    prepare: prepareCaddy,
    // The file as it is; what is started has a few options more.
    check: () => ['validate', '--config', join(ROOT, 'deploy/Caddyfile'), '--adapter', 'caddyfile'],
  },
}

/** The proxies that this machine can run, and for each of the others what it lacks. */
export function proxiesHere(): { readonly found: readonly ProxyName[]; readonly missing: readonly string[] } {
  const names: readonly ProxyName[] = ['nginx', 'caddy']
  // Only Linux lets a client come from every address of 127.0.0.0/8, and the limits need several clients.
  if (process.platform !== 'linux') return { found: [], missing: names.map((name) => `${name} (no Linux)`) }
  const lacks = (name: ProxyName) => kinds[name].needs.filter((program) => pathOf(program) === null)
  return {
    found: names.filter((name) => lacks(name).length === 0),
    missing: names.flatMap((name) => lacks(name).slice(0, 1)).map((program) => `${program} is not installed`),
  }
}

function pathOf(program: string): string | null {
  // nginx is where only root has its path.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file)) ?? null
}

/** Starts one in front of the server at this port. Throws where it refuses its settings. */
export async function startProxy(name: ProxyName, serverPort: number): Promise<Proxy> {
  const folder = temporaryFolder()
  // nginx that root starts works as another user.
  chmodSync(folder, 0o755)
  const ports = { http: await fixedPort(), https: await fixedPort(), server: serverPort }
  const { words, ca } = kinds[name].prepare(folder, ports)
  const program = pathOf(name) ?? name
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const checked = spawnSync(program, kinds[name].check(folder), { env, encoding: 'utf8' })
  if (checked.status !== 0) throw new Error(`${name} refuses its settings:\n${checked.stderr}`)
  const child = spawn(program, words, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const kill = (): void => void child.kill('SIGKILL')
  process.on('exit', kill)
  let over = false
  const ended = new Promise<void>((done) => child.on('close', () => done()))
  void ended.then(() => (over = true))
  await until(async () => {
    if (over) throw new Error(`${name} ended:\n${output}`)
    return (await answers(ports.https, ca)) ? true : null
  }, `${name} that listens`)
  return {
    name,
    http: ports.http,
    https: ports.https,
    ca: readFileSync(ca, 'utf8'),
    written: () => [output, ...filesIn(folder)].join('\n'),
    end: async () => {
      child.kill('SIGTERM')
      await within(ended, `the end of ${name}`)
      process.off('exit', kill)
    },
  }
}

/** Whether it has a certificate yet that this file vouches for. */
function answers(port: number, ca: string): Promise<boolean> {
  if (!existsSync(ca)) return Promise.resolve(false)
  return new Promise((known) => {
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, ca: readFileSync(ca) })
    socket.on('error', () => known(false))
    socket.on('secureConnect', () => {
      known(true)
      socket.destroy()
    })
  })
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}

/** Replaces what an operator replaces. What is not there any more must not pass for replaced. */
function adapted(file: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${file} has no "${from}"`)
    return text.replaceAll(from, to)
  }, read(file))
}

function nginxIn(folder: string): readonly string[] {
  return ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')]
}

/** Its settings are a site: around it goes what every installation has, with the files in the folder. */
function prepareNginx(folder: string, { http, https, server }: Ports) {
  const [certificate, key] = [join(folder, 'fullchain.pem'), join(folder, 'privkey.pem')]
  const subject = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const files = ['-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { stdio: 'pipe' })
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const six = addresses.some(({ address }) => address === '::1')
  const site = adapted('deploy/nginx.conf', [
    ['127.0.0.1:8080', `127.0.0.1:${server}`],
    ['/var/log/nginx/error.log', join(folder, 'error.log')],
    ['listen 80;', `listen 127.0.0.1:${http};`],
    ['listen 443 ', `listen 127.0.0.1:${https} `],
    ['listen [::]:80;', six ? `listen [::1]:${http};` : ''],
    ['listen [::]:443 ssl http2;', six ? `listen [::1]:${https} ssl http2;` : ''],
    [`/etc/letsencrypt/live/${HOST}/fullchain.pem`, certificate],
    [`/etc/letsencrypt/live/${HOST}/privkey.pem`, key],
  ])
  writeFileSync(join(folder, 'site.conf'), site)
  const kept = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name))
    return `${name}_temp_path ${join(folder, name)};`
  })
  const surroundings = [
    `pid ${join(folder, 'nginx.pid')};`,
    `error_log ${join(folder, 'error.log')};`,
    'events {}',
    `http { access_log ${join(folder, 'access.log')}; ${kept.join(' ')} include ${folder}/site.conf; }`,
  ]
  writeFileSync(join(folder, 'nginx.conf'), surroundings.join('\n'))
  return { words: [...nginxIn(folder), '-g', 'daemon off;'], ca: certificate }
}

/** It makes its certificate by itself here too, with an authority of its own in place of a public one. */
function prepareCaddy(folder: string, { http, https, server }: Ports) {
  const options = [
    'admin off',
    'local_certs',
    'skip_install_trust',
    'default_bind 127.0.0.1',
    `http_port ${http}`,
    `https_port ${https}`,
  ]
  const ours = adapted('deploy/Caddyfile', [
    ['\n{\n', `\n{\n\t${options.join('\n\t')}\n`],
    ['127.0.0.1:8080', `127.0.0.1:${server}`],
  ])
  writeFileSync(join(folder, 'Caddyfile'), ours)
  const words = ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile']
  return { words, ca: join(folder, 'caddy/pki/authorities/local/root.crt') }
}

export async function statusOverHttp2(proxy: Proxy, path: string): Promise<number> {
  const options = { ca: proxy.ca, servername: HOST }
  const session = connectHttp2(`https://127.0.0.1:${proxy.https}`, options)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    session.on('error', reject)
    const stream = session.request({ ':path': path, ':authority': HOST })
    stream.on('error', reject).on('response', (headers) => resolve(headers[':status'] ?? 0))
    stream.resume().end()
    return await promise
  } finally {
    session.close()
  }
}
