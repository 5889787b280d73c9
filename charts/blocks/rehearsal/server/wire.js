'use strict';

const { once } = require('node:events');
const net = require('node:net');
const tls = require('node:tls');

/** A socket to read from by the byte, for protocols that say in advance how much comes. */
class Wire {
  /**
   * @param {net.Socket} socket
   * @param {string} host
   */
  constructor(socket, host) {
    this.socket = socket;
    this.host = host;
    this.received = Buffer.alloc(0);
    /** @type {Error | undefined} */
    this.failure = undefined;
    this.wake = () => {};
    this.listen(socket);
  }

  /**
   * Connects. An aborted signal closes the wire at any later time, too.
   * @param {string} host
   * @param {number} port
   * @param {AbortSignal} [signal]
   */
  static async open(host, port, signal) {
    signal?.throwIfAborted();
    const wire = new Wire(net.connect({ host, port, noDelay: true }), host);
    signal?.addEventListener('abort', () => wire.socket.destroy(signal.reason), { once: true });
    await once(wire.socket, 'connect');
    return wire;
  }

  /** @param {net.Socket} socket */
  listen(socket) {
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    socket.on('error', (error) => {
      this.failure ??= error;
      this.wake();
    });
    socket.on('close', () => {
      this.failure ??= new Error('the server closed the connection');
      this.wake();
    });
  }

  /**
   * Goes on in TLS on the same connection.
   * @param {tls.ConnectionOptions} [options]
   */
  async secure(options) {
    // Bytes that came before the handshake were never protected: somebody on the way may have slipped them in.
    if (this.received.length > 0) throw new Error('the server sent unprotected data before TLS');
    this.socket.removeAllListeners('data');
    const servername = net.isIP(this.host) ? '' : this.host;
    const secured = tls.connect({ socket: this.socket, host: this.host, servername, ...options });
    this.socket = secured;
    this.listen(secured);
    await once(secured, 'secureConnect');
  }

  /** @param {Uint8Array | string} bytes */
  write(bytes) {
    this.socket.write(bytes);
  }

  /**
   * Takes as many bytes as `find` sees in what has come so far; -1 means wait for more.
   * @param {(received: Buffer) => number} find
   */
  async take(find) {
    for (;;) {
      const length = find(this.received);
      if (length >= 0) {
        const taken = this.received.subarray(0, length);
        this.received = this.received.subarray(length);
        return taken;
      }
      if (this.failure) throw this.failure;
      await /** @type {Promise<void>} */ (new Promise((resolve) => (this.wake = resolve)));
    }
  }

  /** @param {number} length */
  read(length) {
    return this.take((received) => (received.length >= length ? length : -1));
  }

  /** One line without its end (CR LF). */
  async line() {
    const line = await this.take((received) => {
      const end = received.indexOf('\r\n');
      return end < 0 ? -1 : end + 2;
    });
    return line.toString('utf8', 0, line.length - 2);
  }

  /**
   * Says goodbye, if the protocol has a word for it, and hangs up.
   * @param {Uint8Array} [goodbye]
   */
  close(goodbye) {
    if (this.failure || !goodbye) this.socket.destroy();
    else this.socket.end(goodbye, () => this.socket.destroy());
  }
}

module.exports = { Wire };
