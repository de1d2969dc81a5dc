import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dotenvFloat, formatFloatF, yamlFloat } from '../../src/tree/floats.ts'
import { canonical, readScalar, type ScalarType, toBytes, typeOf } from '../../src/tree/scalar.ts'
import { isWritable, makeTimestamp, parseRfc3339, toSeconds } from '../../src/tree/time.ts'
import type { Value } from '../../src/tree/tree.ts'

const read = (type: ScalarType, text: string): Value => readScalar(type, Buffer.from(text))

describe('reading', () => {
  const accepted: [ScalarType, string, Value][] = [
    ['int', '42', 42n],
    ['int', '+7', 7n],
    ['int', '-007', -7n],
    ['int', '-9223372036854775808', -9223372036854775808n],
    ['int', '9223372036854775807', 9223372036854775807n],
    ['int', `${'0'.repeat(5000)}1`, 1n],
    ['int', '-0', 0n],
    ['float', '.5', 0.5],
    ['float', '5.', 5],
    ['float', '+2.5', 2.5],
    ['float', '1e3', 1000],
    ['float', '1E-3', 0.001],
    ['float', '-0', -0],
    ['float', 'inf', Number.POSITIVE_INFINITY],
    ['float', '-Infinity', Number.NEGATIVE_INFINITY],
    ['float', '+iNF', Number.POSITIVE_INFINITY],
    ['float', 'NaN', Number.NaN],
    ['float', 'nAN', Number.NaN],
    ['float', '0x1p-2', 0.25],
    ['float', '-0X1.8P1', -3],
    ['float', '0x.8p1', 1],
    ['float', '0x_1p-2', 0.25],
    ['float', '1_0.5', 10.5],
    ['float', '1_0e1_0', 10e10],
    ['float', '1e-400', 0],
    ['float', '0x1p-1075', 0],
    ['float', '0x1.8p-1074', 1e-323],
    ['float', '0x1p-1074', 5e-324],
    ['float', '0x1.fffffffffffff8p0', 2],
    ['float', '0x1.00000000000008p0', 1],
    ['float', '0x1.000000000000081p0', 1 + 2 ** -52],
    ['float', '0x0p99999999999', 0],
    ['bool', 'True', true],
    ['bool', 't', true],
    ['bool', '1', true],
    ['bool', 'TRUE', true],
    ['bool', 'F', false],
    ['bool', '0', false],
    ['time', '2024-01-02T03:04:05.12+02:00', { rfc3339: '2024-01-02T03:04:05.12+02:00' }],
    ['time', '2024-01-02T3:04:05Z', { rfc3339: '2024-01-02T03:04:05Z' }],
    ['time', '2024-01-02T03:04:05,5Z', { rfc3339: '2024-01-02T03:04:05.5Z' }],
    ['time', '2024-01-02T03:04:05.1234567899Z', { rfc3339: '2024-01-02T03:04:05.123456789Z' }],
    ['time', '2024-01-02T03:04:05.100+00:00', { rfc3339: '2024-01-02T03:04:05.1Z' }],
    ['time', '2024-01-02T03:04:05+05:60', { rfc3339: '2024-01-02T03:04:05+06:00' }],
    ['time', '2024-01-02T03:04:05-00:30', { rfc3339: '2024-01-02T03:04:05-00:30' }],
    ['time', '0000-01-01T00:00:00Z', { rfc3339: '0000-01-01T00:00:00Z' }],
    ['time', '2024-02-29T00:00:00Z', { rfc3339: '2024-02-29T00:00:00Z' }],
    ['str', 'é', 'é'],
    ['str', '\ufeffa\ufffd', '\ufeffa\ufffd'],
    ['comment', ' x', ' x'],
  ]
  test.each(accepted)('%s %s', (type, text, value) => expect(read(type, text)).toEqual(value))

  const refused: [ScalarType, string[]][] = [
    [
      'int',
      [
        '',
        '1_000',
        '0x10',
        ' 5',
        '5 ',
        '5.0',
        '9223372036854775808',
        '-9223372036854775809',
        '1e3',
        '+',
        '--1',
        '٣',
        '1\n',
      ],
    ],
    [
      'float',
      [
        '',
        '1e400',
        '0x1p1024',
        ' 1',
        '1 ',
        '1__0',
        '_1',
        '1_',
        '1_.5',
        '0x1',
        '1e',
        '.',
        'e5',
        '+nan',
        '-nan',
        'infin',
        'i_nf',
        '0x',
        '1,5',
        '1.5\n',
        '١',
      ],
    ],
    ['bool', ['yes', 'tRue', '', 'on', 'toString', '__proto__']],
    [
      'time',
      [
        '2024-01-02',
        '2024-01-02 03:04:05Z',
        '2024-01-02t03:04:05Z',
        '2024-01-02T03:04:05z',
        '2024-01-02T03:04:60Z',
        '2024-01-02T24:04:05Z',
        '2024-1-02T03:04:05Z',
        '2024-01-2T03:04:05Z',
        '12024-01-02T03:04:05Z',
        '2023-02-29T00:00:00Z',
        '2024-13-01T00:00:00Z',
        '2024-00-01T00:00:00Z',
        '2024-01-00T00:00:00Z',
        '2024-01-02T03:04:05+25:00',
        '2024-01-02T03:04:05+05:61',
        '2024-01-02T03:04:05',
        '2024-01-02T03:04:05.Z',
        '2024-01-02T03:04:05Z\n',
      ],
    ],
  ]
  test.each(refused.flatMap(([type, texts]) => texts.map((text) => [type, text] as const)))(
    '%s %j fails',
    (type, text) => {
      expect(() => read(type, text)).toThrow()
      try {
        read(type, text)
      } catch (error) {
        if (text.trim().length > 3) expect(String(error)).not.toContain(text.trim())
      }
    },
  )

  test('what is not UTF-8 stays bytes', () => {
    const bytes = Uint8Array.of(0xff, 0x41)
    expect(readScalar('str', bytes)).toEqual(bytes)
  })
})

describe('canonical text', () => {
  const table: [Exclude<Value, null | Uint8Array>, ScalarType, string][] = [
    ['x', 'str', 'x'],
    [-7n, 'int', '-7'],
    [1, 'float', '1'],
    [1.5, 'float', '1.5'],
    [1e-7, 'float', '0.0000001'],
    [1e21, 'float', '1000000000000000000000'],
    [1.5e300, 'float', `15${'0'.repeat(299)}`],
    [-0, 'float', '-0'],
    [Number.NaN, 'float', 'NaN'],
    [Number.POSITIVE_INFINITY, 'float', '+Inf'],
    [Number.NEGATIVE_INFINITY, 'float', '-Inf'],
    [true, 'bool', 'True'],
    [false, 'bool', 'False'],
    [{ rfc3339: '2024-01-02T03:04:05.12Z' }, 'time', '2024-01-02T03:04:05.12Z'],
  ]
  test.each(table)('%s', (value, type, text) => {
    expect([typeOf(value), canonical(value)]).toEqual([type, text])
  })

  test('5e-324 has 324 decimals', () => expect(formatFloatF(5e-324)).toBe(`0.${'0'.repeat(323)}5`))
  test('bytes are themselves', () => expect(toBytes(Uint8Array.of(1, 255))).toEqual(Uint8Array.of(1, 255)))
  test.each([2n ** 63n, -(2n ** 63n) - 1n])('%s does not fit', (value) =>
    expect(() => canonical(value)).toThrow('64 bits'),
  )
  test('an offset of 24 hours', () => {
    for (const offset of ['+24:00', '-23:60']) {
      expect(() => canonical(read('time', `2024-01-02T03:04:05${offset}`) as never)).toThrow('24 hours')
    }
  })

  test('reads back as the same value', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true }),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.boolean(),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(value, (v) => {
        expect(readScalar(typeOf(v), toBytes(v))).toEqual(v)
      }),
    )
  })

  test('hexadecimal floats read exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (v) => {
        const sign = v < 0 || Object.is(v, -0) ? '-' : ''
        const view = new DataView(new ArrayBuffer(8))
        view.setFloat64(0, Math.abs(v))
        const bits = view.getBigUint64(0)
        const exponent = Number(bits >> 52n)
        const fraction = bits & ((1n << 52n) - 1n)
        const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n)
        const text = `${sign}0x${mantissa.toString(16)}p${Math.max(exponent, 1) - 1075}`
        expect(read('float', text)).toBe(v)
      }),
    )
  })
})

describe('spellings of formats', () => {
  test.each([
    [1, '1', '1.0'],
    [2.5, '2.5', '2.5'],
    [100000, '100000', '100000.0'],
    [1000000, '1e+06', '1E+06'],
    [21000000, '2.1e+07', '2.1E+07'],
    [-0, '-0', '-0.0'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001, '1e-05', '1E-05'],
    [1234.56789, '1234.56789', '1234.56789'],
    [1234567.891, '1.234567891e+06', '1.234567891E+06'],
    [-1e21, '-1e+21', '-1E+21'],
    [1e100, '1e+100', '1E+100'],
    [5e-324, '5e-324', '5E-324'],
    [Number.POSITIVE_INFINITY, '.inf', '+Inf'],
    [Number.NEGATIVE_INFINITY, '-.inf', '-Inf'],
    [Number.NaN, '.nan', 'NaN'],
  ])('%s', (value, yaml, dotenv) => expect([yamlFloat(value), dotenvFloat(value)]).toEqual([yaml, dotenv]))
})

describe('times', () => {
  const day = { year: 2024, month: 1, day: 2, hour: 0, minute: 0, second: 0, nanos: 0, offsetMinutes: 0 }
  test.each([
    [{}, '2024-01-02T00:00:00Z'],
    [{ nanos: 120_000_000 }, '2024-01-02T00:00:00.12Z'],
    [{ nanos: 1 }, '2024-01-02T00:00:00.000000001Z'],
    [{ offsetMinutes: -90 }, '2024-01-02T00:00:00-01:30'],
    [{ offsetMinutes: 24 * 60 }, '2024-01-02T00:00:00+24:00'],
    [{ year: 1 }, '0001-01-02T00:00:00Z'],
    [{ month: 2, day: 30 }, undefined],
    [{ year: 1900, month: 2, day: 29 }, undefined],
    [{ hour: 24 }, undefined],
    [{ second: 60 }, undefined],
    [{ offsetMinutes: 1501 }, undefined],
  ])('%o', (change, text) => expect(makeTimestamp({ ...day, ...change })?.rfc3339).toBe(text))

  test('what cannot be written', () => {
    expect(isWritable(parseRfc3339('2024-01-02T00:00:00-24:00')!)).toBe(false)
    expect(isWritable(parseRfc3339('2024-01-02T00:00:00-23:59')!)).toBe(true)
  })

  test.each([
    ['2024-05-06T07:08:09.5+00:00', '2024-05-06T07:08:09Z'],
    ['2024-05-06T07:08:09,9+02:00', '2024-05-06T07:08:09+02:00'],
    ['yesterday', undefined],
  ])('%s in seconds', (text, seconds) => expect(toSeconds(text)).toBe(seconds))
})
