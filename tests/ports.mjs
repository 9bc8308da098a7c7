// Ports for programs that the tests and the benchmarks start.

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that systems use for outgoing connections: such a connection
// would sometimes take the port before the program that it was chosen for.
const FROM = 10_000;
const TO = 32_000;

const handedOut = new Set();

/** A port that nothing listens on, and that was not returned before. */
export function freePort() {
  return freePorts(1);
}

/** The first of `count` neighbouring ports of that kind. */
export async function freePorts(count) {
  for (let tries = 0; tries < 100; tries += 1) {
    const first = randomInt(FROM, TO);
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if (ports.some((port) => handedOut.has(port))) continue;
    ports.forEach((port) => handedOut.add(port));
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`found no ${count} free neighbouring ports between ${FROM} and ${TO}`);
}

async function isFree(port) {
  const server = createServer().listen(port, 'localhost');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
