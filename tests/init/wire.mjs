// What an app says on the wire, to be compared byte for byte.

import { connect } from 'node:net';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

/**
 * Sends one request, such as `GET /`, on a connection of its own. Gives what
 * was answered, but for the time. Actix sends headers in another order each
 * time that a program runs, so they are sorted.
 */
export async function ask(port, request, { body = '', ...headers } = {}) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const lines = [
    `${request} HTTP/1.1`,
    `host: localhost:${port}`,
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body ? [`content-length: ${Buffer.byteLength(body)}`] : []),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const answer = (await buffer(socket)).toString('latin1');
  const end = answer.indexOf('\r\n\r\n');
  const [status, ...received] = answer.slice(0, end).split('\r\n');
  const kept = received.filter((line) => !/^date:/i.test(line)).sort();
  return [status, ...kept].join('\r\n') + answer.slice(end);
}

/** Whether something listens on this port of this machine. */
export async function isTaken(port) {
  const socket = connect(port, 'localhost');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
