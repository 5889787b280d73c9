import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** What a pod saw of a request; it answers with this. */
export interface Seen {
  readonly pod: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Size of the body. */
  readonly bytes: number;
}

export interface Pod {
  /** Bytes of bodies so far, while requests are still on their way. */
  readonly received: () => number;
  readonly close: () => void;
}

/** A pod that tells what it saw, answers `/missing` with 404 and `/large` at length, and echoes after an upgrade. */
export async function startPod(pod: string, address: string, port: number): Promise<Pod> {
  let received = 0;
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      received += chunk.length;
    });
    request.on('error', () => response.destroy());
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const { pathname } = new URL(url, 'http://pod');
      const seen: Seen = { pod, method, url, headers, bytes };
      response.writeHead(pathname.endsWith('/missing') ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...seen, ...(pathname.endsWith('/large') && { padding: ' '.repeat(20_000) }) }));
    });
  });
  server.on('upgrade', ({ headers }, socket) => {
    // RFC 6455 §1.3
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  server.listen(port, address);
  await once(server, 'listening');
  return { received: () => received, close: () => (server.closeAllConnections(), server.close()) };
}
