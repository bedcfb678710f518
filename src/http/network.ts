import { BlockList, isIP, isIPv4 } from 'node:net'
import type { Network } from '../domain/deps.ts'

/**
 * Tells the networks of clients. `entries` are addresses and CIDR blocks (`UM_TRUSTED_PROXIES`, checked by
 * the settings) whose X-Forwarded-For is believed.
 */
export function clientNetworks(
  entries: readonly string[],
): (peer: string | undefined, forwardedFor: string) => Network | null {
  const trusted = blockListOf(entries)
  return (peer, forwardedFor) => clientNetwork(peer, forwardedFor, trusted)
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/**
 * The network of a client: of the peer itself, or, where the peer is a trusted proxy, of the last address in
 * X-Forwarded-For that no trusted proxy has (ASVS 4.1.3). A list that can't be read ends at the proxy that
 * sent it. Null without a peer.
 */
function clientNetwork(peer: string | undefined, forwardedFor: string, trusted: BlockList): Network | null {
  let address = peer === undefined ? null : canonical(peer)
  const hops = forwardedFor.split(',').toReversed()
  for (const hop of hops) {
    if (address === null || !isTrusted(address, trusted)) break
    const next = canonical(hop.trim())
    if (next === null) break
    address = next
  }
  return address === null ? null : networkOf(address)
}

function isTrusted(address: string, trusted: BlockList): boolean {
  return trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}

/**
 * One text an address, without port and zone: an IPv4 one that is mapped into IPv6 is an IPv4 one. Null for
 * what is none.
 */
function canonical(text: string): string | null {
  const address = text.replace(/^(?:\[(.*)\]|([\d.]+):\d+)(?::\d+)?$/, '$1$2').replace(/%.*$/, '')
  if (isIP(address) === 4) return address
  if (isIP(address) !== 6) return null
  const groups = groupsOf(address)
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  const [high = 0, low = 0] = groups.slice(6)
  if (mapped) return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return groups.map((group) => group.toString(16)).join(':')
}

/** The eight groups of an IPv6 address that is one (RFC 4291 section 2.2). */
function groupsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = hex.split('::')
  const parse = (part: string): number[] =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16))
  const [front, back] = [parse(head), parse(tail ?? '')]
  return tail === undefined
    ? front
    : [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function networkOf(address: string): Network {
  if (isIPv4(address)) return { address, wide: null }
  const groups = address.split(':')
  return { address: `${groups.slice(0, 4).join(':')}::/64`, wide: `${groups.slice(0, 3).join(':')}::/48` }
}
