// The library's example of an app that existed before: people sign in to it at
// the development provider, see its protected page, and sign out.
//
//     node tests/browser/existing-app.mjs path/to/target/debug/examples/existing_app

import assert from 'node:assert/strict';

import { atProvider, choose, isLoggedOut, openBrowser, startApp, testsAt } from './harness.mjs';

const PROTECTED = '/account';

const browser = await openBrowser();
const app = await startApp('existing-app', {}, { announces: false, port: 8080 });
const test = testsAt(app, browser);
const testWithoutScripts = testsAt(app, browser, { javaScriptEnabled: false });

async function inAndOut(visitor) {
  const { page } = visitor;
  await page.goto(PROTECTED);
  await atProvider(app, page);
  await choose(page, 'alice');
  await page.waitForURL(app.url + PROTECTED);
  await page.getByText('You are signed in.').waitFor();
  await visitor.photograph('existing-app');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(isLoggedOut(app));

  await page.goto(PROTECTED);
  await atProvider(app, page);
}

test('alice signs in, sees the protected page and signs out', inAndOut);
testWithoutScripts('none of it needs scripts', inAndOut);

test('the pages that existed before stay as they were', async ({ page }) => {
  const answer = await page.goto('/');
  assert.equal(answer.status(), 200);
  const headers = await answer.headersArray();
  const names = headers.map(({ name }) => name.toLowerCase()).sort();
  assert.deepEqual(names, ['content-length', 'content-type', 'date']);
});

test('somebody who is signed in may visit the public page too', async ({ page }) => {
  await page.goto(PROTECTED);
  await atProvider(app, page);
  await choose(page, 'alice');
  await page.waitForURL(app.url + PROTECTED);
  const answer = await page.goto('/');
  assert.equal(answer.status(), 200);
});
