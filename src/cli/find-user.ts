import { textOf, type Ask } from './with-control.ts'

/** The user of an id, an e-mail address or a username, as JSON of the API. */
export async function findUser(ask: Ask, name: string): Promise<unknown> {
  return ask('GET', `/control/user?name=${encodeURIComponent(name)}`)
}

export async function idOfUser(ask: Ask, name: string): Promise<string> {
  return textOf(await findUser(ask, name), 'id')
}
