import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromExtendedJson, readFlag, readTime, timeOfObjectId } from '../../src/import/read-values.ts'

test('times are read as programs and databases write them', () => {
  const moment = '2024-03-01T10:11:12.345Z'
  const same = [
    moment,
    '2024-03-01T10:11:12.345678+00:00',
    '2024-03-01 10:11:12.345678+00',
    '2024-03-01 10:11:12.345',
    '2024-03-01 10:11:12.345Z',
    '2024-03-01 10:11:12.345 UTC',
    '2024-03-01T12:11:12.345+02:00',
    '2024-03-01 04:41:12.345-0530',
    1_709_287_872_345,
    '1709287872345',
  ]
  for (const written of same) assert.equal(readTime(written), moment, String(written))
  assert.equal(readTime(1_709_287_872), '2024-03-01T10:11:12.000Z')
  assert.equal(readTime('2024-03-01 10:11:12.3'), '2024-03-01T10:11:12.300Z')
  assert.equal(readTime('2024-03-01'), '2024-03-01T00:00:00.000Z')
})

test('what is no time is not taken for one', () => {
  const none = [
    '',
    'infinity',
    'yesterday',
    '2024-13-01',
    '2024-03-01T25:00:00Z',
    '12',
    1e20,
    true,
    null,
    {},
    [2024],
  ]
  for (const written of none) assert.equal(readTime(written), null, JSON.stringify(written))
})

test('flags are read as programs and databases write them, and nothing else is one', () => {
  for (const written of [true, 1, '1', 't', 'T', 'true', 'True', 'yes']) assert.equal(readFlag(written), true)
  for (const written of [false, 0, '0', 'f', 'false', 'FALSE', 'no']) assert.equal(readFlag(written), false)
  for (const written of [2, -1, 'on?', '', null, {}, [true], 'constructor'])
    assert.equal(readFlag(written), null)
})

test('the types of Extended JSON become plain values, canonical or relaxed', () => {
  const uuid = { $binary: { base64: 'a1uXzcKCSNqQHSG3zKQ0ag==', subType: '04' } }
  const canonical = {
    _id: { $oid: '65e1a9c0a1b2c3d4e5f60718' },
    id: uuid,
    at: { $date: { $numberLong: '1709287872345' } },
    relaxed: { $date: '2024-03-01T10:11:12.345Z' },
    small: { $numberInt: '7' },
    large: { $numberLong: '9007199254740993' },
    list: [{ $oid: '65e1a9c0a1b2c3d4e5f60718' }],
    plain: { $unknown: 1 },
  }
  assert.deepEqual(fromExtendedJson(canonical), {
    _id: '65e1a9c0a1b2c3d4e5f60718',
    id: '6b5b97cd-c282-48da-901d-21b7cca4346a',
    at: '2024-03-01T10:11:12.345Z',
    relaxed: '2024-03-01T10:11:12.345Z',
    small: 7,
    large: '9007199254740993',
    list: ['65e1a9c0a1b2c3d4e5f60718'],
    plain: { $unknown: 1 },
  })
})

test('an ObjectId says when it was made, and no other id does', () => {
  assert.equal(timeOfObjectId('65e1a9c0a1b2c3d4e5f60718'), '2024-03-01T10:11:12.000Z')
  for (const id of [null, '', '17', '65e1a9c0a1b2c3d4e5f6071', 'x5e1a9c0a1b2c3d4e5f60718']) {
    assert.equal(timeOfObjectId(id), null)
  }
})
