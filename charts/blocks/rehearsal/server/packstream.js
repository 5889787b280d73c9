'use strict';

/**
 * PackStream version 1, the encoding of Bolt: https://neo4j.com/docs/bolt/current/packstream/
 * @typedef {null | boolean | number | string | unknown[] | { [key: string]: unknown }} Value what a login and a query need
 * @typedef {{ tag: number, fields: any[] }} Structure a message or a composite value
 */

/** @type {(marker: number, size: number, value: number) => Buffer} */
function sized(marker, size, value) {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = marker;
  bytes.writeUIntBE(value, 1, size);
  return bytes;
}

/** Head of a string, list or map: lengths below 16 fit into the marker. @type {(tiny: number, wide: number, length: number) => Buffer} */
function head(tiny, wide, length) {
  if (length < 0x10) return Buffer.from([tiny | length]);
  if (length < 0x100) return sized(wide, 1, length);
  if (length < 0x10000) return sized(wide + 1, 2, length);
  return sized(wide + 2, 4, length);
}

/** @param {number} value */
function encodeNumber(value) {
  const bytes = Buffer.alloc(9);
  if (!Number.isSafeInteger(value)) {
    bytes[0] = 0xc1;
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (value >= -0x10 && value <= 0x7f) return Buffer.from([value & 0xff]);
  bytes.writeBigInt64BE(BigInt(value), 1);
  const size = [1, 2, 4].find((width) => value >= -(2 ** (8 * width - 1)) && value < 2 ** (8 * width - 1)) ?? 8;
  return Buffer.concat([Buffer.from([0xc8 + Math.log2(size)]), bytes.subarray(9 - size)]);
}

/**
 * @param {any} value a Value, down to its leaves
 * @returns {Buffer}
 */
function encode(value) {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'string') return Buffer.concat([head(0x80, 0xd0, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(0x90, 0xd4, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([head(0xa0, 0xd8, entries.length), ...entries.flat().map(encode)]);
}

/**
 * @param {number} tag
 * @param {Value[]} fields at most 15
 */
const encodeStructure = (tag, fields) =>
  Buffer.concat([Buffer.from([0xb0 | fields.length, tag]), ...fields.map(encode)]);

/**
 * Decodes the one value that `bytes` holds; a structure comes as `{ tag, fields }`, bytes as a Buffer.
 * @param {Buffer} bytes
 * @returns {any}
 */
function decode(bytes) {
  let offset = 0;
  /** @type {(size: number) => Buffer} */
  const next = (size) => {
    if (offset + size > bytes.length) throw new Error('the server sent a PackStream value that ends early');
    offset += size;
    return bytes.subarray(offset - size, offset);
  };
  /** @type {(size: number) => number} */
  const length = (size) => next(size).readUIntBE(0, size);
  /** @type {(count: number) => unknown[]} */
  const list = (count) => Array.from({ length: count }, value);
  /** @type {(count: number) => { [key: string]: unknown }} */
  const map = (count) => Object.fromEntries(Array.from({ length: count }, () => [String(value()), value()]));
  /** @type {(count: number) => Structure} */
  const structure = (count) => ({ tag: length(1), fields: list(count) });

  /** @returns {unknown} */
  function value() {
    const marker = length(1);
    if (marker < 0x80) return marker;
    if (marker >= 0xf0) return marker - 0x100;
    if (marker < 0xc0) {
      const count = marker & 0x0f;
      if (marker < 0x90) return next(count).toString();
      return marker < 0xa0 ? list(count) : marker < 0xb0 ? map(count) : structure(count);
    }
    // In each of these families the lowest two bits tell how wide the length (or the integer) is.
    const width = 2 ** (marker & 0x03);
    if (marker === 0xc0) return null;
    if (marker === 0xc1) return next(8).readDoubleBE();
    if (marker === 0xc2 || marker === 0xc3) return marker === 0xc3;
    if (marker === 0xcb) return integer(next(8).readBigInt64BE());
    if (marker >= 0xc8 && marker <= 0xca) return next(width).readIntBE(0, width);
    if (marker >= 0xcc && marker <= 0xce) return next(length(width));
    if (marker >= 0xd0 && marker <= 0xd2) return next(length(width)).toString();
    if (marker >= 0xd4 && marker <= 0xd6) return list(length(width));
    if (marker >= 0xd8 && marker <= 0xda) return map(length(width));
    throw new Error(`the server sent an unknown PackStream marker 0x${marker.toString(16)}`);
  }
  return value();
}

/** @type {(value: bigint) => number | bigint} */
const integer = (value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value);

module.exports = { encode, encodeStructure, decode };
