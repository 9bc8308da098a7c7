// Load on a server, and what it cost: requests through wrk, CPU time from the system, instructions
// from callgrind where the processor's own counters cannot be had.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE, Server } from './servers.mjs';

const run = promisify(execFile);
const script = new URL('sessions.lua', import.meta.url).pathname;

/**
 * Requests `path` for some seconds and tells what that cost: requests a second, microseconds of CPU
 * for each, and latencies in microseconds. `cookies` is what sessions.lua takes.
 */
export async function load(server, { path, cookies = [], seconds, connections = 32, body = 0 }) {
  const before = server.cpu();
  const { stdout } = await run('taskset', [
    ...['--cpu-list', String(LOAD_CORE), 'wrk', '--threads', '1', '--timeout', '20'],
    ...['--connections', String(connections), '--duration', `${seconds}s`, '--latency'],
    ...['--script', script, server.url + path, '--', ...cookies],
  ]);
  const cpu = server.cpu() - before;
  const told = JSON.parse(stdout.slice(stdout.lastIndexOf('{"requests"')));
  if (told.failed > 0 || told.requests === 0) {
    throw new Error(`${server.name} refused ${told.failed} of ${told.requests} requests`);
  }
  if (told.bytes < told.requests * body) {
    throw new Error(`${server.name} does not answer with the page`);
  }
  return {
    throughput: told.requests / (told.micros / 1e6),
    cpu: (cpu * 1e6) / told.requests,
    p50: told.p50,
    p99: told.p99,
    max: told.max,
    requests: told.requests,
  };
}

/**
 * Instructions for one request of a program, in user space: the difference between two runs of it
 * under callgrind, one of which answers `count` requests more. `program` is what `Server.start` takes.
 */
export async function instructions(program, { path, cookie, count = 2000 }) {
  const totals = [];
  for (const requests of [100, 100 + count]) {
    const folder = mkdtempSync(join(tmpdir(), 'callgrind-'));
    const out = join(folder, 'out');
    const valgrind = ['valgrind', '--quiet', '--tool=callgrind', `--callgrind-out-file=${out}`];
    const server = await Server.start({ ...program, command: [...valgrind, ...program.command] });
    await ask(server.url + path, cookie, requests);
    await server.stop();
    const [, total] = /^(?:totals|summary): (\d+)/m.exec(readFileSync(out, 'latin1'));
    totals.push(Number(total));
    rmSync(folder, { recursive: true });
  }
  return (totals[1] - totals[0]) / count;
}

/** Asks one request after the other over one connection. */
async function ask(url, cookie, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let number = 0; number < count; number += 1) {
    const status = await new Promise((answered, failed) => {
      request(url, { agent, headers: { cookie } }, (response) => {
        response.resume().on('end', () => answered(response.statusCode));
      })
        .on('error', failed)
        .end();
    });
    if (status !== 200) throw new Error(`${url} answered ${status}`);
  }
  agent.destroy();
}

/** The value in the middle. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
