import { loadConfig } from '../config.ts'
import { environmentWith } from './environment.ts'
import type { Invocation } from './invocation.ts'

/** Prints the contract for programs, as a server with these settings serves it at `/openapi.json`. */
export async function printOpenApi({ options, output }: Invocation): Promise<void> {
  const { profileSchema } = loadConfig(environmentWith(options.envFile))
  const [{ openApiDocument }, { routesFor }] = await Promise.all([
    import('../http/openapi.ts'),
    import('../http/routes.ts'),
  ])
  output.document(openApiDocument(routesFor(profileSchema)))
}
