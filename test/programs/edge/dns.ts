import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Names and their IPv4 addresses; changed while the server runs. A name without addresses exists and is empty. */
export type Names = Map<string, readonly string[]>;

const typeA = 1;
const nameError = 3;

/** A DNS server on a loopback port that answers from `names` and denies all others, as the cluster's would. */
export async function serveNames(names: Names): Promise<{ readonly port: number; readonly close: () => void }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => socket.send(answer(query, names), port, address));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, close: () => socket.close() };
}

/** RFC 1035: the header, the question as it came, and one record for each address. */
function answer(query: Buffer, names: Names): Buffer {
  let end = 12;
  const parts: string[] = [];
  for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
    parts.push(query.toString('latin1', end + 1, end + 1 + length));
    end += 1 + length;
  }
  const question = query.subarray(12, end + 5);
  const addresses = names.get(parts.join('.').toLowerCase());
  const found = question.readUInt16BE(question.length - 4) === typeA ? (addresses ?? []) : [];
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180 | (addresses ? 0 : nameError), 2); // a response, with recursion
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  header.writeUInt32BE(0, 8);
  return Buffer.concat([header, question, ...found.map(record)]);
}

/** The question's name (a pointer to byte 12), type A, class IN, one second, four bytes. */
const record = (address: string): Buffer =>
  Buffer.from([0xc0, 12, 0, typeA, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
