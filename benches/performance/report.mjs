// The report: docs/performance.md with its plots, made from what was measured and nothing else.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { LONG_PAGE, PAGE } from './apps.mjs';
import { median } from './load.mjs';
import { costs, growth } from './plots.mjs';

const docs = new URL('../../docs', import.meta.url).pathname;

const number = (value, digits = 0) =>
  value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const milliseconds = (micros) => number(micros / 1000, 1);
const megabytes = (bytes) => `${number(bytes / 1e6, 1)} MB`;
const table = (head, rows) => {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
};

const atLeast = (promise, value, digits = 2) => [`≥ ${promise}`, number(value, digits), value >= promise];
const atMost = (promise, value, digits = 2) => [`≤ ${promise}`, number(value, digits), value <= promise];

/** What was promised of each part: a name, the promise in words, what was measured, whether it holds. */
const PROMISES = {
  page: ({ results: { app, appFew, appMany, appLong, redis, tower, ...rivals }, few, many }) => [
    ['requests a second, of a bare handler’s', ...atLeast(0.92, app.throughputRatio)],
    ['CPU of a protected page, of a bare handler’s', ...atMost(1.12, app.cpuRatio)],
    ...[[few, appFew], [many, appMany]].flatMap(([count, { throughputRatio, cpuRatio }]) => [
      [`throughput over ${count} connections, of a bare handler’s`, ...atLeast(0.92, throughputRatio)],
      [`CPU over ${count} connections, of a bare handler’s`, ...atMost(1.12, cpuRatio)],
    ]),
    ['CPU of the long page, of a bare handler’s', ...atMost(1.8, appLong.cpuRatio)],
    ['CPU with sessions in Redis, of a bare handler’s', ...atMost(2.8, redis.cpuRatio)],
    ['CPU of axum with tower-sessions, of the app’s', '> 2', number(tower.cpuOfApp, 2), tower.cpuOfApp > 2],
    ...[['okta', '@okta/oidc-middleware'], ['openid-connect', 'express-openid-connect']].flatMap(([name, library]) => [
      [`CPU of Express with \`${library}\`, of the app’s`, ...atLeast(35, rivals[name].cpuOfApp, 1)],
      [`the same over ${many} connections`, ...atLeast(35, rivals[`${name}Many`].cpuOfApp, 1)],
    ]),
  ],
  instructions: ({ page, longPage }) => [
    ['instructions of a protected page, of a bare handler’s', ...atMost(1.25, page.app / page.bare)],
    ['instructions of the long page, of a bare handler’s', ...atMost(4, longPage.app / longPage.bare)],
  ],
  login: ({ perCore, written }) => [
    ['`/login` for a second of CPU', '≥ 20,000', number(perCore), perCore >= 20_000],
    ['bytes that `/login` writes to disk', '0', number(written), written === 0],
  ],
  callback: ({ cpu }) => [['CPU of a callback, in µs, with the record on disk', ...atMost(600, cpu, 0)]],
  memory: ({ idle, each }) => [
    ['memory of the idle app', '< 15 MB', megabytes(idle), idle < 15e6],
    ['memory of a session with 6 KB of tokens and claims', '≤ 7 KB', `${number(each / 1024, 2)} KB`, each <= 7 * 1024],
  ],
  scale: ({ results }) => {
    const most = results.at(-1);
    return [
      [
        `p50 with ${number(most.count)} sessions, of that with ${number(results[0].count)}, one request at a time`,
        ...atMost(1.1, most.alone.ratio),
      ],
      ['the same while the core is never idle', ...atMost(1.45, most.busy.ratio)],
      ['the last, of what a bare handler with one hash map grows by', ...atMost(1.25, most.busy.ratio / most.map.busy.ratio)],
      [`start with ${number(most.count)} sessions`, '< 5 s', `${number(most.start, 2)} s`, most.start < 5],
    ];
  },
  purge: ({ purging }) => {
    const longest = median(purging);
    const name = `the longest wait during a purge, median of ${purging.length}`;
    return [[name, '≤ 10 ms', `${milliseconds(longest)} ms`, longest <= 10_000]];
  },
};

/** What was promised beside what was measured, as a table. */
export function verdicts(results) {
  const rows = Object.entries(results)
    .flatMap(([part, measured]) => PROMISES[part](measured))
    .map(([name, promise, measured, holds]) => [name, promise, measured, holds ? 'kept' : '**missed**']);
  return table(['', 'promised', 'measured', ''], rows);
}

const NAMES = {
  bare: 'a bare Actix handler',
  app: '**the app**',
  plain: 'the library in a plain app',
  bareFew: 'a bare Actix handler, fewer connections',
  appFew: 'the app, fewer connections',
  bareMany: 'a bare Actix handler, many connections',
  appMany: 'the app, many connections',
  bareLong: 'a bare Actix handler, the long page',
  appLong: 'the app, the long page',
  logged: 'the app, with a log line for each request',
  tower: 'axum, tower-sessions (memory)',
  redis: 'the app, sessions in Redis',
  postgres: 'the app, sessions in PostgreSQL',
  okta: 'Express, `@okta/oidc-middleware`',
  oktaMany: 'the same, many connections',
  'okta, finished': 'the same, finished bytes and headers',
  'openid-connect': 'Express, `express-openid-connect`',
  'openid-connectMany': 'the same, many connections',
  'openid-connect, finished': 'the same, finished bytes and headers',
};

/** Writes the report and its plots, and gives its path. */
export async function write(results) {
  const folder = join(docs, 'performance');
  mkdirSync(folder, { recursive: true });
  const { page, scale } = results;
  const bars = Object.keys(NAMES)
    .filter((name) => !/Long|Few|Many|finished/.test(name))
    .map((name) => ({
      name: NAMES[name].replace(/[*`]/g, ''),
      value: page.results[name].cpu,
      ours: ['app', 'plain', 'logged', 'redis', 'postgres'].includes(name),
    }))
    .sort((left, right) => left.value - right.value);
  const units = 'microseconds of server CPU for one request, logarithmic';
  writeFileSync(join(folder, 'page.svg'), costs('A page for somebody who is signed in', units, bars));
  if (scale) {
    const points = (crowd) => scale.results.map((result) => [result.count, result[crowd].p50]);
    const lines = { 'one request at a time': points('alone'), '8 connections': points('busy') };
    const latency = 'median latency in microseconds, one core';
    writeFileSync(join(folder, 'sessions.svg'), growth('The same page with ever more sessions', latency, lines));
  }
  const file = join(docs, 'performance.md');
  writeFileSync(file, text(results));
  return file;
}

function text(results) {
  const { page, instructions, login, callback, memory, scale, purge } = results;
  return `# Performance

Measured by \`benches/performance/run\`, which writes this report; do not edit it. Release builds,
the server on one core, the load on another. All programs of a table were measured in turns within
one run: a number is the median of the rounds, a ratio the median of the rounds' ratios.
CPU time is that of the server process, as the system counts it.

${machine()}

${verdicts(results)}

## A protected page

![Server CPU for one request, by program](performance/page.svg)

\`${PAGE}\`, ${number(page.pageBytes)} bytes: session, guards, hook, view and security headers. The long page is
\`${LONG_PAGE}\`, ${number(page.longPageBytes)} bytes, with all that the provider says of the person. A user session has
some 6 KB of tokens and claims. Express renders the page with EJS, and Helmet sets its headers; axum, the
bare handler and the plain app with the library send finished ones. That plain app is one that existed
before: to it the library adds who is signed in and the guard, and nothing else. All answer with the same
bytes and headers. ${page.sittings} times all programs are started anew for ${page.rounds} rounds of ${page.seconds}
second over ${page.connections} connections. The log is at \`warn\` except where the table says otherwise.

The load runs on the same machine. Over ${page.connections} connections it is hardly ever asleep while it asks the bare
handler, and a slower server has to wake it more often, which the kernel counts as CPU of the server. Over ${page.few}
("fewer" in the table) every answer wakes it, whichever server gives it; over ${page.many} ("many") hardly any does.

${table(
  ['', 'requests a second', 'CPU µs', 'CPU, of the bare handler’s', 'CPU, of the app’s'],
  Object.entries(NAMES).map(([name, label]) => {
    const { throughput, cpu, cpuRatio, cpuOfApp } = page.results[name];
    return [label, number(throughput), number(cpu, 1), number(cpuRatio, 2), number(cpuOfApp, 2)];
  }),
)}

Redis and PostgreSQL share the other core with the load, so with them only the CPU of the app means
anything. The app is built with the store in PostgreSQL, which apps otherwise turn on themselves.

How the ratios differed between the ${page.sittings} starts, each the median of its rounds:

${table(
  ['', 'throughput, of the bare handler’s', 'CPU, of the bare handler’s'],
  ['app', 'appFew', 'appMany', 'plain', 'appLong'].map((name) => {
    const range = ([low, high]) => `${number(low, 2)} to ${number(high, 2)}`;
    const { throughputSpread, cpuSpread } = page.results[name];
    return [NAMES[name], range(throughputSpread), range(cpuSpread)];
  }),
)}

Such ratios depend on the machine. Instructions do not, so they carry the promise. These are counted in
user space by callgrind, since not every machine lets one read the processor's own counters:

${table(
  ['', 'a bare Actix handler', 'the app', 'ratio', 'the library in a plain app', 'ratio'],
  [
    ['the page', instructions.page],
    ['the long page', instructions.longPage],
  ].map(([name, { bare, app, plain }]) => [
    name,
    number(bare),
    number(app),
    number(app / bare, 2),
    ...(plain ? [number(plain), number(plain / bare, 2)] : ['', '']),
  ]),
)}

## Signing in

\`/login\`, with a provider that asks for no pushed authorization requests, costs ${number(login.cpu, 1)} µs of CPU, and in ${number(login.requests)} requests ${login.written === 0 ? 'nothing' : `${number(login.written)} bytes`} went to disk.

A callback costs ${number(callback.cpu)} µs of the app's CPU:

${table(
  ['', 'CPU µs'],
  [
    ['two calls to the provider, by the app’s HTTP client alone', callback.calls],
    ['the RS256 signature of the ID token', callback.openidconnect],
    ['the record on disk, by the store’s own thread', callback.store],
    ['all else', callback.cpu - callback.calls - callback.openidconnect - callback.store],
  ].map(([name, cpu]) => [name, number(cpu)]),
)}

Ring would check the signature in ${number(callback.ring)} µs. ${signatureVerdict(callback)}

## Sessions

${scale ? growing(scale) : 'How the cost grows with the number of sessions was not measured in this run.'}

${number(memory.count)} sessions with ${number(memory.recordBytes)} bytes of tokens and claims each, all visited:
${megabytes(memory.after)}, of which the idle app is ${megabytes(memory.idle)}.

${number(purge.count)} sessions that had ended were removed in ${purge.seconds} seconds, ${purge.purging.length} times. The longest of all requests
took ${purge.purging.map(milliseconds).join(', ')} ms meanwhile, and ${purge.resting.map(milliseconds).join(', ')} ms in the minute before each.
`;
}

function growing(scale) {
  const { count: most, writing } = scale.results.at(-1);
  return `![Median latency with up to a million sessions](performance/sessions.svg)

The embedded store; every session was visited before, so that all are in memory, and the visits were
on disk. The load asks for them in random order: one request after the other, or over 8 connections,
so that the server's core is busy all the time. Each has ${number(scale.recordBytes)} bytes of tokens and claims.

${table(
  ['sessions', 'p50 µs, one at a time', 'of the first', 'p50 µs, busy', 'of the first', 'CPU µs, busy', 'memory', 'start s'],
  scale.results.map(({ count, alone, busy, cpu, memory: bytes, start }) => [
    number(count),
    number(alone.p50),
    number(alone.ratio, 2),
    number(busy.p50),
    number(busy.ratio, 2),
    number(cpu, 1),
    megabytes(bytes),
    number(start, 2),
  ]),
)}

A bare handler that has the same cookies in one hash map, each with a name and an end, slows down too
as the map outgrows the processor's caches:

${table(
  ['sessions', 'p50 µs, one at a time', 'of the first', 'p50 µs, busy', 'of the first'],
  scale.results.map(({ count, map: { alone, busy } }) => [
    number(count),
    number(alone.p50),
    number(alone.ratio, 2),
    number(busy.p50),
    number(busy.ratio, 2),
  ]),
)}

The store's thread took ${number(writing, 1)} s of CPU to write ${number(most)} visits down, ${number((writing * 1e6) / most, 1)} µs for each. With the
usual limit of idleness a session costs that once in five minutes at most.`;
}

function signatureVerdict({ openidconnect, ring, cpu }) {
  const saved = (openidconnect - ring) / cpu;
  return `A callback happens once
a sign-in and waits for the provider for longer than all of this, so nobody would notice ${number(saved * 100)} % less:
no reason to check signatures by other means than openidconnect.`;
}

function machine() {
  const [{ model }] = cpus();
  const version = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url)));
  const packages = Object.entries(dependencies).map(([name, at]) => `${name} ${at}`);
  const crates = readFileSync(new URL('servers/Cargo.lock', import.meta.url), 'utf8');
  const crate = (name) => {
    const [, at] = new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(crates);
    return `${name} ${at}`;
  };
  const date = new Date().toISOString().slice(0, 10);
  const software = [
    version('rustc', '--version').split(' ').slice(0, 2).join(' '),
    ...['actix-web', 'axum', 'tower-sessions'].map(crate),
    `Node.js ${process.versions.node}`,
    ...packages.filter((name) => /ejs|express|helmet|okta/.test(name)),
  ];
  return `${date}, ${cpus().length} cores (${model.trim()}): ${software.join(', ')}.`;
}
