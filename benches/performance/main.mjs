// Measures, prints, and writes the report. `run` starts this once everything is built:
// `node main.mjs BIN [--quick] [PART…]`. With --quick, or with parts named, the report stays as it is.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stage } from './apps.mjs';
import { measureInstructions, measurePage } from './page.mjs';
import { verdicts, write } from './report.mjs';
import { measureMemory, measurePurge, measureScale } from './sessions.mjs';
import { measureCallback, measureLogin } from './sign-ins.mjs';

const FULL = {
  page: { sittings: 5, rounds: 4, seconds: 1 },
  instructions: { count: 2000 },
  login: { rounds: 5, seconds: 3 },
  callback: { count: 400 },
  memory: { count: 100_000 },
  scale: { counts: [1_000, 10_000, 100_000, 1_000_000], rounds: 5, seconds: 2, rest: 301 },
  purge: { count: 10_000, purges: 3, lasts: 25 },
};
const QUICK = {
  page: { sittings: 1, rounds: 2, seconds: 1 },
  instructions: { count: 500 },
  login: { rounds: 3, seconds: 1 },
  callback: { count: 60 },
  memory: { count: 10_000 },
  scale: { counts: [1_000, 20_000], rounds: 3, seconds: 1, rest: 0 },
  purge: { count: 1_000, purges: 1, lasts: 10 },
};

const [bin, ...rest] = process.argv.slice(2);
const quick = rest.includes('--quick');
const named = rest.filter((argument) => argument !== '--quick');
const unknown = named.filter((part) => !(part in FULL));
if (unknown.length > 0) {
  console.error(`not a part: ${unknown.join(', ')}. The parts are ${Object.keys(FULL).join(', ')}.`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'vestibule-performance-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
const stage = await Stage.open(bin, work);
const effort = quick ? QUICK : FULL;
const results = {};

const parts = {
  page: () => measurePage(stage, effort.page),
  instructions: () => measureInstructions(stage, effort.instructions),
  login: () => measureLogin(stage, effort.login),
  callback: async () => {
    const login = results.login ?? (await measureLogin(stage, QUICK.login));
    return measureCallback(stage, { ...effort.callback, login: login.cpu });
  },
  memory: () => measureMemory(stage, effort.memory),
  scale: () => measureScale(stage, effort.scale),
  purge: () => measurePurge(stage, effort.purge),
};
for (const [part, measure] of Object.entries(parts)) {
  if (named.length > 0 && !named.includes(part)) continue;
  console.error(`measuring: ${part}`);
  results[part] = await measure();
  console.log(JSON.stringify({ [part]: results[part] }, null, 1));
}
console.log(verdicts(results));
if (!quick && named.length === 0) console.log(`written: ${await write(results)}`);
process.exit(0);
