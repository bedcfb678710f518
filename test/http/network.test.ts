/** Whose network a request comes from (ASVS 4.1.3, 15.3.4; T4, T5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientNetworks } from '../../src/http/network.ts'

const behind = clientNetworks(['10.0.0.0/8', '192.168.7.7', '2001:db8:ffff::/48'])

test('without trusted proxies the peer is the client, whatever it says', () => {
  const direct = clientNetworks([])
  for (const forwarded of [
    '',
    '1.2.3.4',
    '1.2.3.4, 5.6.7.8',
    '::1',
    'unknown',
    '_hidden',
    ',,,',
    'x'.repeat(9000),
  ])
    assert.deepEqual(direct('203.0.113.9', forwarded), { address: '203.0.113.9', wide: null }, forwarded)
  assert.equal(direct(undefined, '1.2.3.4'), null)
  assert.equal(direct('no address', '1.2.3.4'), null)
})

test('behind trusted proxies it is the last address that none of them has', () => {
  const cases = [
    ['10.1.1.1', '198.51.100.1', '198.51.100.1'],
    ['10.1.1.1', '198.51.100.1, 192.168.7.7, 10.2.2.2', '198.51.100.1'],
    ['10.1.1.1', '1.1.1.1, 198.51.100.1,10.2.2.2', '198.51.100.1'],
    ['::ffff:10.1.1.1', '  198.51.100.1  ', '198.51.100.1'],
    ['2001:db8:ffff::9', '198.51.100.1:4711', '198.51.100.1'],
    ['10.1.1.1', '[2001:db8::1]:4711', '2001:db8:0:0::/64'],
    ['10.1.1.1', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    // A proxy that is not trusted ends the chain, and so does what is no address.
    ['192.168.7.8', '198.51.100.1', '192.168.7.8'],
    ['11.0.0.1', '198.51.100.1', '11.0.0.1'],
    ['10.1.1.1', '198.51.100.1, 192.168.7.8', '192.168.7.8'],
    ['10.1.1.1', '198.51.100.1, unknown, 10.2.2.2', '10.2.2.2'],
    ['10.1.1.1', '198.51.100.1, , 10.2.2.2', '10.2.2.2'],
    ['10.1.1.1', '', '10.1.1.1'],
    ['10.1.1.1', '010.0.0.1', '10.1.1.1'],
    ['10.1.1.1', '1.2.3.4.5', '10.1.1.1'],
    ['10.1.1.1', '0x7f.1', '10.1.1.1'],
    // Proxies all the way: the first of them.
    ['10.1.1.1', '10.3.3.3, 10.2.2.2', '10.3.3.3'],
  ] as const
  for (const [peer, forwarded, expected] of cases)
    assert.equal(behind(peer, forwarded)?.address, expected, `${peer} ← ${forwarded}`)
})

test('every spelling of an address is one network, an IPv6 one its /64 with the /48 around it', () => {
  const direct = clientNetworks([])
  const spellings = {
    '2001:db8:0:7::/64': [
      '2001:db8:0:7::1',
      '2001:0db8:0000:0007:0000:0000:0000:0001',
      '2001:DB8:0:7:ffff:ffff:ffff:ffff',
      '2001:db8:0:7:0:0:192.0.2.1',
      '2001:db8::7:0:0:0:1',
    ],
    '0:0:0:0::/64': ['::1', '::', '0:0:0:0:0:0:0:1', '::192.0.2.1'],
    '192.0.2.1': ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1'],
  }
  for (const [network, texts] of Object.entries(spellings))
    for (const text of texts) assert.equal(direct(text, '')?.address, network, text)
  assert.equal(direct('2001:db8:0:7::1', '')?.wide, '2001:db8:0::/48')
  assert.equal(direct('2001:db8:0:8::1', '')?.wide, '2001:db8:0::/48')
  assert.notEqual(direct('2001:db8:0:8::1', '')?.address, direct('2001:db8:0:7::1', '')?.address)
})
