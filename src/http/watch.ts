import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ProblemCode } from '../domain/errors.ts'
import type { OnAnswered } from '../domain/ports/watching.ts'

declare module 'fastify' {
  interface FastifyRequest {
    refusal: ProblemCode | null
  }
  interface FastifyContextConfig {
    /** The path as it is declared. */
    template?: string
  }
}

/** Whatever else a client invents is `other`, so that no label takes more values than these. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Tells of the request once its answer is out, or its client has gone. */
export function watch(request: FastifyRequest, reply: FastifyReply, onAnswered: OnAnswered): void {
  const began = performance.now()
  // Not the hook of the library: that one is silent about clients that hang up.
  reply.raw.once('close', () => {
    onAnswered({
      method: METHODS.has(request.method) ? request.method : 'other',
      route: request.routeOptions.config?.template ?? 'none',
      status: reply.raw.writableFinished ? reply.raw.statusCode : 499,
      code: request.refusal ?? null,
      ms: Math.round((performance.now() - began) * 1000) / 1000,
      requestId: request.id,
    })
  })
}
