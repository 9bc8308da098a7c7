// A generated app as people use it: signing in and out with a real browser, at
// the development provider that its debug build starts.
//
//     node tests/browser/sign-in.mjs path/to/target/debug/app

import assert from 'node:assert/strict';
import { test as declare } from 'node:test';

import { Visitor } from './browser.mjs';
import { atProvider, choose, isLoggedOut, openBrowser, sees, signIn, startApp, testsAt } from './harness.mjs';

const browser = await openBrowser();
const app = await startApp('app');
const test = testsAt(app, browser);
const testWithoutScripts = testsAt(app, browser, { javaScriptEnabled: false });
const withPage = await startApp('login-page', { OIDC_LOGIN_PAGE: 'page' });
const testWithPage = testsAt(withPage, browser);
const testWithPageWithoutScripts = testsAt(withPage, browser, { javaScriptEnabled: false });

test('alice signs in and sees her profile', async (visitor) => {
  const { page } = visitor;
  await page.goto('/');
  await sees(page, 'heading', /^Welcome to /);
  await visitor.photograph('home-signed-out');

  await page.getByRole('link', { name: 'Sign in', exact: true }).click();
  await atProvider(app, page);
  await visitor.photograph('provider');

  await choose(page, 'alice');
  await page.waitForURL(`${app.url}/`);
  await sees(page, 'heading', /^Hello, Alice\b/);
  await visitor.photograph('home-signed-in');

  await page.getByRole('link', { name: 'Your profile' }).click();
  await page.waitForURL(`${app.url}/profile`);
  await sees(page, 'heading', 'Your profile');
  await page.getByText('alice@example.com').first().waitFor();
  await visitor.photograph('profile');
});

test('scripts cannot read a cookie of somebody signed in', async (visitor) => {
  await signIn(app, visitor.page, 'alice');
  const cookies = await visitor.cookies();
  assert.notEqual(cookies.length, 0);
  assert.deepEqual(cookies.filter((cookie) => !cookie.httpOnly), []);
  assert.equal(await visitor.page.evaluate(() => document.cookie), '');
});

test('signing out leaves no profile behind the back button', async (visitor) => {
  const { page } = visitor;
  await signIn(app, page, 'alice', '/profile');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(isLoggedOut(app));
  await sees(page, 'heading', 'You are signed out');
  assert.equal(await page.getByText('Alice').count(), 0);
  await visitor.photograph('signed-out');

  // Not `page.goBack()`, which waits for a load that a cached page would not have.
  await page.evaluate(() => history.back());
  // The page that comes back is empty and loads itself again.
  await page.waitForURL((url) => url.origin === app.providerUrl);
  await atProvider(app, page);

  await page.goto('/profile');
  await atProvider(app, page);
});

test('cancelling at the provider offers to sign in again', async (visitor) => {
  const { page } = visitor;
  await page.goto('/profile');
  await atProvider(app, page);
  await visitor.expecting(403, () => page.getByRole('button', { name: 'Cancel' }).click());
  assert.equal(new URL(page.url()).origin, app.url);
  const signInAgain = page.getByRole('link', { name: /^Sign in/ });
  await signInAgain.waitFor();
  await visitor.photograph('cancelled');

  await signInAgain.click();
  await atProvider(app, page);
});

async function signInOnThePage({ page }) {
  await sees(page, 'heading', /^Sign in to /);
  assert.equal(new URL(page.url()).origin, withPage.url);
  await page.getByRole('button', { name: 'Continue' }).click();
  await atProvider(withPage, page);
}

async function profileByThePage(visitor) {
  const { page } = visitor;
  await page.goto('/profile');
  await signInOnThePage(visitor);
  await choose(page, 'alice');
  await page.waitForURL(`${withPage.url}/profile`);
  await sees(page, 'heading', 'Your profile');
}

testWithPage('the login page leads to the provider and back to the requested page', profileByThePage);
testWithPageWithoutScripts('the login page needs no scripts', profileByThePage);

testWithPage('the login page explains what went wrong and keeps the requested page', async (visitor) => {
  const { page } = visitor;
  await page.goto('/profile');
  await signInOnThePage(visitor);
  await visitor.expecting(403, () => page.getByRole('button', { name: 'Cancel' }).click());
  await page.getByRole('alert').getByText('You are not signed in').waitFor();
  await visitor.photograph('login-page-after-cancel');
  await signInOnThePage(visitor);
  await choose(page, 'alice');
  await page.waitForURL(`${withPage.url}/profile`);
});

test('the keyboard alone signs in and out', async (visitor) => {
  const { page } = visitor;
  await page.goto('/');
  await visitor.tabTo('Sign in');
  await page.keyboard.press('Enter');
  await atProvider(app, page);
  await visitor.tabTo('Alice');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${app.url}/`);
  await sees(page, 'heading', /^Hello, Alice\b/);
  await visitor.tabTo('Sign out');
  await page.keyboard.press('Enter');
  await page.waitForURL(isLoggedOut(app));
  await sees(page, 'heading', 'You are signed out');
});

// Her name makes the hint longer than an address may be.
test('erin is signed out at the provider by a form that posts itself', async (visitor) => {
  const { page } = visitor;
  await signIn(app, page, 'erin');
  const posted = page.waitForRequest((request) => request.url().startsWith(app.providerUrl));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(isLoggedOut(app));
  await sees(page, 'heading', 'You are signed out');
  assertCarriesHint(await posted);
});

testWithoutScripts('erin posts that form with a button if no script does', async (visitor) => {
  const { page } = visitor;
  await signIn(app, page, 'erin');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, 'heading', 'You are signed out here');
  await visitor.photograph('one-more-step');
  const posted = page.waitForRequest((request) => request.url().startsWith(app.providerUrl));
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(isLoggedOut(app));
  await sees(page, 'heading', 'You are signed out');
  assertCarriesHint(await posted);
});

test('a page that does not exist says so', async (visitor) => {
  await visitor.expecting(404, () => visitor.page.goto('/no-such-page'));
  await sees(visitor.page, 'heading', /./);
  await visitor.photograph('no-such-page');
});

for (const person of ['dora', 'erin', 'farah', 'mallory']) {
  test(`the awkward claims of ${person} are shown as text that fits`, async (visitor) => {
    await signIn(app, visitor.page, person);
    await visitor.photograph(`home-${person}`);
    await visitor.page.goto('/profile');
    await sees(visitor.page, 'heading', 'Your profile');
    await visitor.page.getByText('What the sign-in service says of you').click();
    await visitor.photograph(`profile-${person}`);
  });
}

test('an administrator finds somebody and signs them out, after being asked', async (visitor) => {
  const bob = await Visitor.arrive(browser, app.url);
  await signIn(app, bob.page, 'bob', '/devices');

  const { page } = visitor;
  await signIn(app, page, 'alice', '/admin');
  await page.getByLabel('Name or e-mail address').fill('BOB@');
  await page.getByRole('button', { name: 'Search' }).click();
  await visitor.photograph('members');
  await page.getByRole('link', { name: 'Bob Baker' }).click();
  await visitor.photograph('member');
  await page.getByRole('button', { name: 'Sign out everywhere …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await bob.page.reload();
  await sees(bob.page, 'heading', 'Where you are signed in');

  await page.getByRole('button', { name: 'Sign out everywhere …' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('They are not signed in anywhere.').waitFor();
  await bob.page.reload();
  await atProvider(app, bob.page);
  await bob.leave();
});

function assertCarriesHint(request) {
  assert.equal(request.method(), 'POST');
  assert.equal(new URL(request.url()).search, '');
  const hint = new URLSearchParams(request.postData()).get('id_token_hint');
  assert.ok(hint.length > 8000, `${hint.length} characters`);
}

declare('a script that the policy refuses is noticed', async () => {
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

test('people stay signed in when the app is restarted', async (visitor) => {
  const { page } = visitor;
  await signIn(app, page, 'alice');
  // A page that is open would follow the restart by itself.
  await page.goto('about:blank');
  await app.restart();
  await page.goto('/profile');
  await sees(page, 'heading', 'Your profile');
  assert.equal(new URL(page.url()).pathname, '/profile');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, 'heading', 'You are signed out');
});

declare('the app ends when it is told to', async () => {
  assert.deepEqual(await app.terminate(), { code: 0, signal: null });
});
