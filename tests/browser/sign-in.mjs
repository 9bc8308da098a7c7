// A generated app as people meet it: signing in and out with a real browser,
// at the development provider that its debug build brings.
//
//     node tests/browser/sign-in.mjs path/to/target/debug/app

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { after, test as declare } from 'node:test';

import { App } from './app.mjs';
import { ARTEFACTS, Visitor, launch } from './browser.mjs';

const { app, browser } = await setUp(process.argv.slice(2)).catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});

after(async () => {
  await browser.close();
  await writeFile(`${ARTEFACTS}app.log`, app.output);
  await app.tidy();
});

test('alice signs in and sees her profile', async (visitor) => {
  const { page } = visitor;
  await page.goto('/');
  await sees(page, 'heading', /^Welcome to /);
  await visitor.photograph('home-signed-out');

  await page.getByRole('link', { name: 'Sign in', exact: true }).click();
  await atProvider(page);
  await visitor.photograph('provider');

  await choose(page, 'alice');
  await page.waitForURL(`${app.url}/`);
  await sees(page, 'heading', /^Hello, Alice\b/);
  await visitor.photograph('home-signed-in');

  await page.getByRole('link', { name: 'Your profile' }).click();
  await page.waitForURL(`${app.url}/profile`);
  await sees(page, 'heading', 'Your profile');
  await sees(page, 'cell', 'alice@example.com');
  await visitor.photograph('profile');
});

test('scripts cannot read a cookie of somebody signed in', async (visitor) => {
  await signIn(visitor.page, 'alice');
  const cookies = await visitor.cookies();
  assert.notEqual(cookies.length, 0);
  assert.deepEqual(cookies.filter((cookie) => !cookie.httpOnly), []);
  assert.equal(await visitor.page.evaluate(() => document.cookie), '');
});

test('signing out leaves no profile behind the back button', async (visitor) => {
  const { page } = visitor;
  await signIn(page, 'alice', '/profile');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(isLoggedOut);
  await sees(page, 'heading', 'You are signed out');
  assert.equal(await page.getByText('Alice').count(), 0);
  await visitor.photograph('signed-out');

  // Not `page.goBack()`, which waits for a load that a cached page would not have.
  await page.evaluate(() => history.back());
  // The page that comes back is blank and asks for itself again.
  await page.waitForURL((url) => url.origin === app.providerUrl);
  await atProvider(page);

  await page.goto('/profile');
  await atProvider(page);
});

test('cancelling at the provider offers to sign in again', async (visitor) => {
  const { page } = visitor;
  await page.goto('/profile');
  await atProvider(page);
  await visitor.expecting(403, () => page.getByRole('button', { name: 'Cancel' }).click());
  assert.equal(new URL(page.url()).origin, app.url);
  const signInAgain = page.getByRole('link', { name: /^Sign in/ });
  await signInAgain.waitFor();
  await visitor.photograph('cancelled');

  await signInAgain.click();
  await atProvider(page);
});

test('the keyboard alone signs in and out', async (visitor) => {
  const { page } = visitor;
  await page.goto('/');
  await visitor.tabTo('Sign in');
  await page.keyboard.press('Enter');
  await atProvider(page);
  await visitor.tabTo('Alice');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${app.url}/`);
  await sees(page, 'heading', /^Hello, Alice\b/);
  await visitor.tabTo('Sign out');
  await page.keyboard.press('Enter');
  await page.waitForURL(isLoggedOut);
  await sees(page, 'heading', 'You are signed out');
});

test('a page that does not exist says so', async (visitor) => {
  await visitor.expecting(404, () => visitor.page.goto('/no-such-page'));
  await sees(visitor.page, 'heading', /./);
  await visitor.photograph('no-such-page');
});

for (const person of ['dora', 'erin', 'farah', 'mallory']) {
  test(`the awkward claims of ${person} are shown as text that fits`, async (visitor) => {
    await signIn(visitor.page, person);
    await visitor.photograph(`home-${person}`);
    await visitor.page.goto('/profile');
    await sees(visitor.page, 'heading', 'Your profile');
    await visitor.photograph(`profile-${person}`);
  });
}

declare('the watch on the pages notices a script that the policy refuses', async () => {
  const visitor = await Visitor.arrive(browser, app.url);
  await visitor.page.goto('/');
  await visitor.page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "run"';
    document.body.append(script);
  });
  assert.notEqual(await visitor.page.title(), 'run');
  assert.ok(visitor.complaints.some((text) => text.startsWith('policy violation: script-src')));
  await assert.rejects(visitor.leave(), assert.AssertionError);
});

declare('the app ends by itself when it is told to', async () => {
  assert.deepEqual(await app.terminate(), { code: 0, signal: null });
});

async function setUp(args) {
  if (args.length !== 1) throw new Error('give one argument: the path of the app, a debug build');
  await rm(ARTEFACTS, { recursive: true, force: true });
  const browser = await launch();
  const app = await App.start(args[0]).catch(async (error) => {
    await browser.close();
    throw error;
  });
  return { app, browser };
}

/** A test with a visitor of its own, whose pages must have nothing to complain of. */
function test(name, body) {
  declare(name, { timeout: 90_000 }, async () => {
    const visitor = await Visitor.arrive(browser, app.url);
    try {
      await body(visitor);
    } catch (error) {
      const { complaints } = visitor;
      await visitor.page.screenshot({ path: `${ARTEFACTS}failed-${name.replaceAll(' ', '-')}.png` });
      await visitor.leave().catch(() => {});
      if (complaints.length > 0) error.message += `\nin the console: ${complaints.join('\n')}`;
      throw error;
    }
    await visitor.leave();
  });
}

async function signIn(page, person, path = '/login') {
  await page.goto(path);
  await atProvider(page);
  await choose(page, person);
  await page.waitForURL(`${app.url}/**`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** The provider returns people to this page with a `state` (OIDC RP-Initiated Logout 1.0, 3). */
function isLoggedOut(url) {
  return url.origin === app.url && url.pathname === '/logged-out';
}

async function atProvider(page) {
  await page.waitForURL(`${app.providerUrl}/**`);
  await sees(page, 'heading', 'Who are you today?');
}

/** Presses somebody's button on the provider's list. */
async function choose(page, person) {
  await page.locator(`button[name="person"][value="${person}"]`).click();
}

async function sees(page, role, name) {
  await page.getByRole(role, { name }).first().waitFor();
}
