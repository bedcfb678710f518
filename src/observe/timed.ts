export interface Timing {
  readonly verb: string
  readonly ms: number
  /** Null where it went well. */
  readonly error: unknown
}

/** The same object, with every call of a method that answers later reported once it is over. */
export function timed<T extends object>(target: T, done: (timing: Timing) => void): T {
  return new Proxy(target, {
    get(object, member) {
      const value: unknown = Reflect.get(object, member)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const began = performance.now()
        const report = (error: unknown) =>
          done({ verb: String(member), ms: performance.now() - began, error })
        const answer: unknown = Reflect.apply(value, object, args)
        if (answer instanceof Promise) answer.then(() => report(null), report)
        return answer
      }
    },
  })
}
