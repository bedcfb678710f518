/** Requests by the hundred over sockets of their own, and nothing held against the contract: that costs time. */
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'

export interface Shot {
  readonly status: number
  /** Seconds; null without the header. */
  readonly retryAfter: number | null
  readonly ms: number
  readonly text: string
}

export interface Storm {
  /** `POST /users/login` with a JSON body, a token, or neither. */
  send(operation: string, sent?: { readonly json?: unknown; readonly token?: string }): Promise<Shot>
  close(): void
}

export function createStorm(url: string, sockets: number): Storm {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  return {
    send(operation, { json, token } = {}) {
      const [method = 'GET', path = '/'] = operation.split(' ')
      const body = json === undefined ? '' : typeof json === 'string' ? json : JSON.stringify(json)
      const headers = {
        ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      }
      const began = performance.now()
      return new Promise((done, failed) => {
        const sending = request(new URL(path, url), { agent, method, headers }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
          response.on('error', failed).on('end', () => {
            const after = response.headers['retry-after']
            done({
              status: response.statusCode ?? 0,
              retryAfter: after === undefined ? null : Number(after),
              ms: performance.now() - began,
              text,
            })
          })
        })
        sending.on('error', failed).end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

/** What a process has in memory, in bytes; null where there is no such file (not Linux). */
export function residentBytes(pid: number): number | null {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) * 1024 : null
  } catch {
    return null
  }
}
