// `vestibule init` in apps that exist. Each is built and asked before and
// after; nothing that it answered may change, and alice can sign in.
//
//     node tests/init/suite.mjs path/to/vestibule page-to-write.md [names of shapes]
//
// The page is written if all shapes were tried.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

import { Visitor, launch } from '../browser/browser.mjs';
import { choose, sees } from '../browser/harness.mjs';
import { App } from './app.mjs';
import { page } from './page.mjs';
import { REFUSED, SHAPES } from './shapes.mjs';

const REFUSES = 3;
const BASELINE = 'routes.toml';

const [program, report, ...wanted] = process.argv.slice(2);
if (!report) {
  console.error('error: give the path of the program `vestibule` and that of the page to write');
  process.exit(1);
}
const vestibule = resolve(program);
const known = [...SHAPES, ...REFUSED].map(({ name }) => name);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`error: no shape is called ${unknown.join(' or ')}; there are ${known.join(', ')}`);
  process.exit(1);
}
const isWanted = ({ name }) => wanted.length === 0 || wanted.includes(name);
const work = await mkdtemp(join(tmpdir(), 'init-'));
after(() => rm(work, { recursive: true, force: true }));

const edited = [];
const refused = [];
/** The crates as the first app got them. All get the same. */
let crates;

for (const shape of SHAPES.filter(isWanted)) {
  test(`${shape.name}: ${shape.built}`, async () => {
    const app = await App.copy(shape, work, vestibule);
    const before = await app.state();
    const tests = await app.isGood();
    assert.ok(tests > 0, 'it has tests of its own');
    const answers = await app.answers(shape.port);

    const { changes, output } = shape.isByHand ? await initByHand(app) : await init(app);
    const initialized = await app.state();
    await carriesTheSame(app);
    const undecided = await undecidedRoutes(app);
    if (shape.isDecided) await decide(app);
    const added = await addRoute(app);

    const again = await app.vestibule('init');
    assert.equal(again.code, 0, again.output);
    assert.equal(await app.state(), added.state, 'the second time it changes nothing');

    assert.equal(await app.isGood(), tests, 'its own tests are all there');
    assert.deepEqual(await app.answers(shape.port), answers);
    const [, address] = /then open (http\S+)/.exec(output);
    const session = await signIn(app, shape, new URL(address), added.path);
    await removeRoute(app, added);
    edited.push({
      shape,
      tests,
      requests: answers.length,
      undecided,
      registered: added.registered,
      path: new URL(address).pathname,
      created: changes.filter(({ action }) => action === 'create').map(({ path }) => path),
      diff: await app.difference(before, initialized),
      session: [{ command: 'vestibule init', output }, ...session],
    });
  });
}

for (const shape of REFUSED.filter(isWanted)) {
  test(`refused: ${shape.name}: ${shape.built}`, async () => {
    const app = await App.copy(shape, work, vestibule);
    refused.push({ shape, output: await refuses(app) });
  });
}

after(async () => {
  if (wanted.length === 0 && edited.length === SHAPES.length && refused.length === REFUSED.length) {
    await writeFile(report, page(edited, refused));
  }
});

/** Brings sign-in in. Before that, showing what would happen writes nothing. */
async function init(app, ...flags) {
  const before = await app.state();
  // The other forms are the same plan; the tests of the command see that.
  const plan = await app.vestibule('init', ...flags, '--plan-json');
  assert.equal(plan.code, 0, plan.output);
  assert.equal(await app.state(), before, 'nothing was written');
  const { code, output } = await app.vestibule('init', ...flags);
  assert.equal(code, 0, output);
  return { changes: JSON.parse(plan.output).changes, output };
}

/** Brings sign-in in where the code is left alone, by pasting the lines that are printed. */
async function initByHand(app) {
  const refusal = await refuses(app);
  const { changes, output } = await init(app, '--by-hand');
  await app.paste(refusal);
  return { changes, output };
}

/** Gives what is said where nothing is done. */
async function refuses(app) {
  const before = await app.state();
  const { code, output } = await app.vestibule('init');
  assert.equal(code, REFUSES, output);
  assert.equal(await app.state(), before, 'nothing was written');
  return output;
}

/**
 * Gives how many routes are undecided, or nothing if not all can be read. As
 * long as there are any, the check fails; a baseline accepts them.
 */
async function undecidedRoutes(app) {
  const before = await app.state();
  const { routes, unread } = JSON.parse((await app.vestibule('routes', '--json')).output.replace(/^note: .*$/gm, ''));
  const isOpen = ({ access }) => access.who === 'unknown' || (access.who === 'everybody' && !access.declared);
  const undecided = routes.filter(isOpen).length;
  const check = await app.vestibule('routes', '--check');
  assert.equal(check.code, undecided || unread.length ? 1 : 0, check.output);

  const written = await app.vestibule('routes', '--write-baseline', BASELINE);
  assert.equal(written.code, 0, written.output);
  const accepted = await app.vestibule('routes', '--check', '--baseline', BASELINE);
  assert.equal(accepted.code, unread.length ? 1 : 0, accepted.output);
  await app.remove(BASELINE);
  assert.equal(await app.state(), before, 'nothing else was written');
  return unread.length ? undefined : undecided;
}

/** Declares all routes public, as the check says. */
async function decide(app) {
  const { output } = await app.vestibule('routes', '--check');
  const lines = [...output.matchAll(/`(\.configure\(oidc\.public\(.*?\)\))`$/gm)].map(([, line]) => line);
  assert.ok(lines.length > 0, output);
  await app.declare(lines);
  const { code, output: decided } = await app.vestibule('routes', '--check');
  assert.equal(code, 0, decided);
}

/** Adds a route for people who are signed in, if the command finds where it fits. */
async function addRoute(app) {
  const before = await app.state();
  const { code, output } = await app.vestibule('add', 'route', 'reports');
  const state = await app.state();
  if (code === REFUSES) {
    assert.equal(state, before, 'nothing was written');
    return { before, state };
  }
  assert.equal(code, 0, output);
  const [, path] = /^GET (\S+) is for people who are signed in/m.exec(output);
  const [, registered] = /^edited +(\S+)/m.exec(output);
  return { before, state, path, registered };
}

/** Removes it. Everything is as it was, byte for byte. */
async function removeRoute(app, { before, path }) {
  if (path) {
    const { code, output } = await app.vestibule('remove', 'route', 'reports');
    assert.equal(code, 0, output);
  }
  assert.equal(await app.changed(before, await app.state()), '', 'nothing is left of the route');
}

/** Checks the crates, so that Cargo can build them once for all apps. */
async function carriesTheSame(app) {
  const folder = 'crates';
  const state = await app.stateOf(folder);
  crates ??= state;
  assert.equal(state, crates, 'all apps carry the same crates');
  await app.setTimes(folder);
}

/**
 * Signs alice in at the protected page, and out again. Strangers don't get in,
 * there or at the route that was added. Gives what the app printed, and what the
 * browser showed.
 */
async function signIn(app, { name, port }, address, added = address) {
  const stranger = async (path) => (await fetch(new URL(path, address), { redirect: 'manual' })).status;
  const started = await app.start(port);
  let browser;
  try {
    assert.equal(await stranger(address), 401);
    assert.equal(await stranger(added), 401);
    // One for each app: in the minutes that all of them take, it may end.
    browser = await launch();
    const visitor = await Visitor.arrive(browser, address.origin);
    try {
      const greeting = await signInAndOut(visitor, address, name === 'plain');
      await visitor.leave();
      return [
        { command: 'cargo run --quiet', output: started.output },
        { browser: address.href, text: greeting },
      ];
    } catch (error) {
      const { complaints, page } = visitor;
      const seen = await page.locator('body').innerText({ timeout: 5_000 }).catch((reason) => reason.message);
      error.message += `\n\nat ${page.url()}:\n${seen}\n\nin the console:\n${complaints.join('\n')}\n\nthe app:\n${started.output}`;
      throw error;
    }
  } finally {
    await browser?.close();
    await started.stop({ keepFolder: true });
  }
}

async function signInAndOut(visitor, address, isPhotographed) {
  const { page } = visitor;
  await page.goto(address.href);
  await sees(page, 'heading', 'Who are you today?');
  await choose(page, 'alice');
  await page.waitForURL(address.href);
  const greeting = page.getByText('You are signed in as Alice');
  await greeting.waitFor();
  const text = (await greeting.innerText()).trim();
  if (isPhotographed) await visitor.photograph('init');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL((url) => url.pathname.endsWith('/logged-out'));
  await page.goto(address.href);
  await sees(page, 'heading', 'Who are you today?');
  return text;
}
