import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { DomainError } from '../domain/errors.ts'

/**
 * The environment, and below it the file of `--env-file`: what is set for the process wins. Node of today
 * looks for this option behind the script too, and has then done the same already, or has ended with a
 * message of its own.
 */
export function environmentWith(file: string | undefined): NodeJS.ProcessEnv {
  return file === undefined ? process.env : { ...settingsOf(file), ...process.env }
}

function settingsOf(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (cause) {
    const detail = `The file ${file} of --env-file cannot be read; correct its path or its rights.`
    throw new DomainError('start_refused', { detail, cause })
  }
}
