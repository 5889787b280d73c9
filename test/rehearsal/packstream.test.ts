import { decode, encode, encodeStructure } from '../../charts/blocks/rehearsal/server/packstream.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

// The examples of https://neo4j.com/docs/bolt/current/packstream/
const examples: [value: null | boolean | number | string | unknown[] | Record<string, unknown>, bytes: string][] = [
  [null, 'C0'],
  [true, 'C3'],
  [false, 'C2'],
  [1, '01'],
  [42, '2A'],
  [-1, 'FF'],
  [-16, 'F0'],
  [-17, 'C8 EF'],
  [-128, 'C8 80'],
  [128, 'C9 00 80'],
  [1234, 'C9 04 D2'],
  [-32769, 'CA FF FF 7F FF'],
  [2147483648, 'CB 00 00 00 00 80 00 00 00'],
  [6.283185307179586, 'C1 40 19 21 FB 54 44 2D 18'],
  [-1.1, 'C1 BF F1 99 99 99 99 99 9A'],
  ['', '80'],
  ['A', '81 41'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'D0 1A 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D 4E 4F 50 51 52 53 54 55 56 57 58 59 5A'],
  ['Größenmaßstäbe', 'D0 12 47 72 C3 B6 C3 9F 65 6E 6D 61 C3 9F 73 74 C3 A4 62 65'],
  [[], '90'],
  [[1, 2, 3], '93 01 02 03'],
  [{}, 'A0'],
  [{ one: 'eins' }, 'A1 83 6F 6E 65 84 65 69 6E 73'],
];

describe('PackStream', () => {
  test.each(examples)('encodes %j', (value, bytes) => {
    expect(encode(value)).toEqual(hex(bytes));
  });

  test.each(examples)('decodes %j', (value, bytes) => {
    expect(decode(hex(bytes))).toEqual(value);
  });

  test('decodes what only a server sends: mixed lists, bytes, wide integers, structures', () => {
    expect(decode(hex('93 01 C1 40 00 00 00 00 00 00 00 85 74 68 72 65 65'))).toEqual([1, 2, 'three']);
    expect(decode(hex('CC 03 01 02 03'))).toEqual(Buffer.from([1, 2, 3]));
    expect(decode(hex('CB 80 00 00 00 00 00 00 00'))).toBe(-9223372036854775808n);
    expect(decode(hex('B1 70 A0'))).toEqual({ tag: 0x70, fields: [{}] });
  });

  test.each([300, 70_000])('keeps a string of %i characters and a list as long', (length) => {
    const text = 'x'.repeat(length);
    expect(decode(encode(text))).toBe(text);
    expect(decode(encode(Array(length).fill(7)))).toEqual(Array(length).fill(7));
  });

  test('encodes a message as a structure', () => {
    expect(encodeStructure(0x10, ['RETURN 1', {}, {}])).toEqual(hex('B3 10 88 52 45 54 55 52 4E 20 31 A0 A0'));
  });

  test('refuses a value that ends early', () => {
    expect(() => decode(hex('85 61'))).toThrow('ends early');
  });
});
