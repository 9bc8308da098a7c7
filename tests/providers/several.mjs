// One app with three providers at once, which other people wrote: everybody chooses, and is
// signed in and out at the one that they chose.
//
//     node tests/providers/several.mjs path/to/target/debug/app

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ARTEFACTS, PATIENCE, launch } from '../browser/browser.mjs';
import * as canaille from './canaille.mjs';
import * as glewlwyd from './glewlwyd.mjs';
import * as oidcProvider from './oidc-provider.mjs';
import { Several } from './setting.mjs';
import { Visitor } from './visitor.mjs';

const NAMES = { node: oidcProvider, python: canaille, c: glewlwyd };
const TITLES = Object.values(NAMES).map(({ title }) => title);

const binary = process.argv[2];
if (!binary) {
  console.error('error: give the path of the app, a debug build');
  process.exit(1);
}
const browser = await launch();
after(() => browser.close());

let setting;
before(async () => (setting = await Several.make(binary, NAMES)));
after(() => setting?.stop());

/** Somebody who asks for a page and gets the one to choose. */
async function arrive() {
  const visitor = await Visitor.arrive(browser, setting);
  await visitor.page.goto('/profile');
  return visitor;
}

const titles = ({ page }) => page.getByRole('list').last().getByRole('link').allInnerTexts();

async function signIn(visitor, name) {
  const { page } = visitor;
  await page.getByRole('link', { name: NAMES[name].title, exact: true }).click();
  await setting.providers[name].signIn(page);
  await page.waitForURL(`${setting.url}/profile`);
  await page.getByRole('heading', { name: 'Your profile' }).waitFor();
}

const isSignedIn = async (visitor) => (await visitor.get('/api/me')).status === 200;

const check = (title, body) =>
  test(title, { timeout: 3 * PATIENCE }, async () => {
    try {
      await body();
    } catch (error) {
      error.message += `\n\nthe app's log:\n${setting.app.output.slice(-8000)}`;
      throw error;
    }
  });

check('all are there to choose from', async () => {
  const visitor = await arrive();
  assert.deepEqual(await titles(visitor), TITLES);
  await visitor.page.screenshot({ path: `${ARTEFACTS}choose.png` });
  await visitor.leave();
});

for (const name of Object.keys(NAMES)) {
  check(`signing in and out at ${NAMES[name].title}`, async () => {
    const provider = setting.providers[name];
    const visitor = await arrive();
    await signIn(visitor, name);
    const { body } = await visitor.get('/api/me');
    assert.equal(body.name, provider.person.name);
    const elsewhere = Object.keys(NAMES).filter((other) => other !== name);
    const asked = () => elsewhere.map((other) => setting.wires[other].calls.length);
    const before = asked();
    await visitor.press('Sign out');
    await provider.confirmSignOut(visitor.page);
    await visitor.page.waitForURL(`${setting.url}/logged-out**`);
    assert.equal(await isSignedIn(visitor), false);
    assert.deepEqual(asked(), before, 'no other provider heard of it');
    // The choice of last time comes first.
    await visitor.page.goto('/profile');
    assert.equal((await titles(visitor))[0], NAMES[name].title);
    await visitor.leave();
  });
}

check('one ends the sign-ins that began there, and no others', async () => {
  const [here, elsewhere] = [await arrive(), await arrive()];
  await signIn(here, 'node');
  await signIn(elsewhere, 'c');
  await setting.providers.node.endSession(here.page);
  for (const deadline = Date.now() + PATIENCE; await isSignedIn(here); ) {
    assert.ok(Date.now() < deadline, 'the notice did not arrive');
  }
  assert.ok(await isSignedIn(elsewhere));
  await here.leave();
  await elsewhere.leave();
});

// The last one, for it does not come back.
check('one is down, and the others go on', async () => {
  const visitor = await arrive();
  await signIn(visitor, 'python');
  await setting.providers.python.stop();
  assert.ok(await isSignedIn(visitor));
  const ready = await visitor.get('/readyz');
  assert.equal(ready.status, 200);
  assert.equal(ready.body.provider, 'partly available');
  await visitor.press('Sign out');
  await visitor.page.waitForURL(`${setting.url}/logged-out?only=here`);
  await visitor.page.goto('/profile');
  await signIn(visitor, 'node');
  await visitor.leave();
});
