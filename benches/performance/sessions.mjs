// What sessions cost: memory, the time of a page with ever more of them, the start, and the purge of
// those that have ended.

import { createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../tests/ports.mjs';
import { PAGE, RECORD_BYTES, sessionCookie, WRITER } from './apps.mjs';
import { load, median } from './load.mjs';
import { keepPages } from './page.mjs';
import { record } from './people.mjs';
import { LOAD_CORE, Server } from './servers.mjs';

const COOKIE_LENGTH = 43;
/** Tokens and claims of one session where there are up to a million of them, in bytes. */
const SMALL_RECORD_BYTES = 1536;
/** After how long the app writes a visit down at the latest, in milliseconds. */
const HELD_BACK = 8_000;

/** Signs people in, straight into the store of this name, and gives the files. */
async function seed(stage, name, { count, bytes, life = 36_000 }) {
  const file = (ending) => join(stage.work, `${name}${ending}`);
  const [store, cookies, kind] = [file('.redb'), file(`-${life}.cookies`), file('.json')];
  writeFileSync(kind, JSON.stringify(record(bytes)));
  const seeding = spawn(join(stage.bin, 'seed'), [store, kind, count, life].map(String), {
    env: { ...process.env, ...stage.app().env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  seeding.stdout.pipe(createWriteStream(cookies));
  const [status] = await once(seeding, 'close');
  if (status !== 0) throw new Error(`the store ${name} could not be filled`);
  return { count, store, cookies };
}

/** The app's sessions in turn, beginning with the one of that number, or in "random" order. */
const each = (app, { cookies }, from = 0) => [
  `@${cookies}`,
  sessionCookie(app.url),
  String(COOKIE_LENGTH),
  String(from),
];

async function serve(stage, name, { store }) {
  return Server.start(stage.app({ name, store, port: await freePort() }));
}

/** Requests a page of each session at least once, so that all of them are in memory. */
async function visitAll(app, sessions) {
  let visited = 0;
  while (visited < sessions.count) {
    const seconds = Math.ceil((sessions.count - visited) / 20_000);
    visited += (await load(app, { path: PAGE, cookies: each(app, sessions, visited), seconds })).requests;
  }
}

/** Waits until the app has nothing left to write: visits go to disk later than the page that notes them. */
async function settle(app) {
  for (let written = -1; written !== app.written();) {
    written = app.written();
    await sleep(HELD_BACK);
  }
}

function tidy({ store, cookies }) {
  rmSync(store);
  rmSync(cookies);
}

/** Memory of the app with nobody signed in, and of each session. */
export async function measureMemory(stage, { count }) {
  const empty = await serve(stage, 'empty', { store: join(stage.work, 'empty.redb') });
  await load(empty, { path: '/', seconds: 1 });
  const idle = empty.memory();
  await empty.stop();

  const sessions = await seed(stage, 'memory', { count, bytes: RECORD_BYTES });
  const app = await serve(stage, 'memory', sessions);
  await load(app, { path: '/', seconds: 1 });
  const before = app.memory();
  await visitAll(app, sessions);
  const after = app.memory();
  await app.stop();
  tidy(sessions);
  return { idle, count, recordBytes: RECORD_BYTES, after, each: (after - before) / count };
}

/** How many ask at once: one waits alone, with eight the server's core is never idle. */
const CROWDS = { alone: 1, busy: 8 };

/**
 * The page's latency and the app's start, with each number of sessions, beside a bare handler that
 * looks them up in one hash map. `rest` is how many seconds pass before each is visited: with enough
 * of them all visits are noted then, and none while the latency is measured.
 */
export async function measureScale(stage, { counts, rounds, seconds, rest }) {
  await keepPages(stage, [PAGE]);
  const seeded = [];
  for (const count of counts) {
    seeded.push(await seed(stage, `scale-${count}`, { count, bytes: SMALL_RECORD_BYTES }));
  }
  await sleep(rest * 1000);
  const apps = [];
  for (const sessions of seeded) {
    const app = await serve(stage, `scale-${sessions.count}`, sessions);
    await visitAll(app, sessions);
    await settle(app);
    const map = await Server.start(stage.bare({ port: await freePort(), sessions: [sessionCookie(app.url), sessions.cookies] }));
    apps.push({ app, map, sessions, writing: app.cpu(WRITER), samples: { app: {}, map: {} } });
  }
  for (let number = 0; number <= rounds; number += 1) {
    for (const { app, map, sessions, samples } of apps) {
      for (const [crowd, connections] of Object.entries(CROWDS)) {
        for (const [name, server] of Object.entries({ app, map })) {
          const cookies = each(app, sessions, 'random');
          const sample = await load(server, { path: PAGE, cookies, seconds, connections });
          if (number > 0) (samples[name][crowd] ??= []).push(sample);
        }
      }
    }
  }
  const results = [];
  for (const { app, map, sessions, writing, samples } of apps) {
    const { count } = sessions;
    const latency = (name, crowd) => {
      const [first, own] = [apps[0].samples[name][crowd], samples[name][crowd]];
      return {
        p50: median(own.map(({ p50 }) => p50)),
        ratio: median(own.map(({ p50 }, at) => p50 / first[at].p50)),
      };
    };
    const latencies = (name) => ({ alone: latency(name, 'alone'), busy: latency(name, 'busy') });
    results.push({
      count,
      ...latencies('app'),
      map: latencies('map'),
      cpu: median(samples.app.busy.map(({ cpu }) => cpu)),
      memory: app.memory(),
      start: app.readyAfter,
      writing,
    });
    await app.stop();
    await map.stop();
    tidy(sessions);
  }
  return { recordBytes: SMALL_RECORD_BYTES, results };
}

/** After how many seconds the app first looks for sessions that have ended, and how long it rests then. */
const PURGE_EVERY = 60;

/**
 * The longest that a request waits in each of some purges, and in the time before it. `lasts` is more
 * than the seconds that a purge of `count` sessions takes.
 */
export async function measurePurge(stage, { count, purges, lasts }) {
  const lasting = await seed(stage, 'purge', { count: 1000, bytes: SMALL_RECORD_BYTES });
  const cycle = PURGE_EVERY + lasts;
  const passing = [];
  for (let purge = 0; purge < purges; purge += 1) {
    // Over halfway between the purge before and its own.
    const life = purge * cycle + PURGE_EVERY / 2;
    passing.push(await seed(stage, 'purge', { count, bytes: SMALL_RECORD_BYTES, life }));
  }
  const app = await serve(stage, 'purge', lasting);
  const rounds = [];
  let was = null;
  for (let second = 0; second < purges * cycle; second += 1) {
    const written = app.written();
    const sample = await load(app, { path: PAGE, cookies: each(app, lasting), seconds: 1, connections: 1 });
    const now = app.written() > written ? 'purging' : 'resting';
    if (now === 'resting' && was !== now) rounds.push({ resting: [], purging: [] });
    // What is written before the first rest are the first visits.
    rounds.at(-1)?.[now].push(sample.max);
    was = now;
  }
  await app.stop();
  passing.forEach(({ cookies }) => rmSync(cookies));
  tidy(lasting);
  const whole = rounds.filter(({ purging }) => purging.length > 0);
  if (whole.length !== purges) throw new Error(`${whole.length} purges were seen, not ${purges}`);
  const longest = (of) => whole.map((round) => Math.max(...round[of]));
  return {
    count,
    seconds: median(whole.map(({ purging }) => purging.length)),
    purging: longest('purging'),
    resting: longest('resting'),
  };
}
