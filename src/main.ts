import { runCommand } from './cli/commands.ts'

await runCommand(process.argv)
