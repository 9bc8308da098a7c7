// What sessions cost: memory, the time of a page with ever more of them, the start, and the purge of
// those that have ended.

import { createWriteStream, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../tests/ports.mjs';
import { PAGE, RECORD_BYTES } from './apps.mjs';
import { load, median } from './load.mjs';
import { record } from './people.mjs';
import { LOAD_CORE, Server } from './servers.mjs';

const COOKIE = 'sign-in';
const COOKIE_LENGTH = 43;
/** Tokens and claims of one session where there are up to a million of them, in bytes. */
const SMALL_RECORD_BYTES = 1536;
/** The thread of the app that writes, and after how long it does at the latest, in milliseconds. */
const WRITER = { name: 'sign-in-store', holdsBack: 8_000 };

/** Signs people in, straight into the store of this name, and gives the files. */
async function seed(stage, name, { count, bytes, life = 36_000 }) {
  const file = (ending) => join(stage.work, `${name}${ending}`);
  const [store, cookies, kind] = [file('.redb'), file(`-${life}.cookies`), file('.json')];
  writeFileSync(kind, JSON.stringify(record(bytes)));
  const seeding = spawn(join(stage.bin, 'seed'), [store, kind, count, life].map(String), {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  seeding.stdout.pipe(createWriteStream(cookies));
  const [status] = await once(seeding, 'close');
  if (status !== 0) throw new Error(`the store ${name} could not be filled`);
  return { count, store, cookies };
}

/** The sessions in turn, beginning with the one of that number, or in "random" order. */
const each = ({ cookies }, from = 0) => [`@${cookies}`, COOKIE, String(COOKIE_LENGTH), String(from)];

async function serve(stage, name, { store }) {
  return Server.start(stage.app({ name, store, port: await freePort() }));
}

/** Requests a page of each session at least once, so that all of them are in memory. */
async function visitAll(app, sessions) {
  let visited = 0;
  while (visited < sessions.count) {
    const seconds = Math.ceil((sessions.count - visited) / 20_000);
    visited += (await load(app, { path: PAGE, cookies: each(sessions, visited), seconds })).requests;
  }
}

/** Waits until the app has nothing left to write: visits go to disk later than the page that notes them. */
async function settle(app) {
  for (let written = -1; written !== app.written();) {
    written = app.written();
    await sleep(WRITER.holdsBack);
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

/**
 * The page's latency and the app's start, with each number of sessions. `rest` is how many seconds
 * pass before each is visited: with enough of them all visits are noted then, and none while the
 * latency is measured.
 */
export async function measureScale(stage, { counts, rounds, seconds, rest }) {
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
    apps.push({ app, sessions, writing: app.cpu(WRITER.name), samples: [] });
  }
  for (let number = 0; number <= rounds; number += 1) {
    for (const { app, sessions, samples } of apps) {
      const sample = await load(app, {
        path: PAGE,
        cookies: each(sessions, 'random'),
        seconds,
        connections: 8,
      });
      if (number > 0) samples.push(sample);
    }
  }
  const results = [];
  for (const { app, sessions, writing, samples } of apps) {
    const { count } = sessions;
    const ratio = (of) => median(samples.map((sample, at) => sample[of] / apps[0].samples[at][of]));
    results.push({
      count,
      p50: median(samples.map((sample) => sample.p50)),
      p50Ratio: ratio('p50'),
      cpu: median(samples.map((sample) => sample.cpu)),
      memory: app.memory(),
      start: app.readyAfter,
      writing,
    });
    await app.stop();
    tidy(sessions);
  }
  return { recordBytes: SMALL_RECORD_BYTES, results };
}

/** The longest that a request waits while sessions that have ended are purged, and else. */
export async function measurePurge(stage, { count, watch }) {
  const lasting = await seed(stage, 'purge', { count: 1000, bytes: SMALL_RECORD_BYTES });
  // Over when the app looks for such sessions, a minute after its start.
  const passing = await seed(stage, 'purge', { count, bytes: SMALL_RECORD_BYTES, life: 30 });
  const app = await serve(stage, 'purge', lasting);
  const slices = [];
  for (let second = 0; second < watch; second += 1) {
    const written = app.written();
    const sample = await load(app, { path: PAGE, cookies: each(lasting), seconds: 1, connections: 1 });
    slices.push({ max: sample.max, p99: sample.p99, written: app.written() - written });
  }
  await app.stop();
  rmSync(passing.cookies);
  tidy(lasting);
  const longest = (of) => Math.max(0, ...slices.filter(of).map((slice) => slice.max));
  return {
    count,
    busy: slices.filter((slice) => slice.written > 0).length,
    longestBusy: longest((slice) => slice.written > 0),
    longestElse: longest((slice) => slice.written === 0),
  };
}
