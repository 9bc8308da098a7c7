// The library's example of event streams and WebSockets: what people say arrives, and
// nothing does any more once the session has ended.
//
//     node tests/browser/live.mjs path/to/target/debug/examples/live

import { atProvider, choose, isLoggedOut, openBrowser, startApp, testsAt } from './harness.mjs';

const browser = await openBrowser();
const app = await startApp('live', {}, { announces: false, port: 8080 });
const test = testsAt(app, browser);

const hasState = (page, state) => page.getByRole('status').getByText(state).waitFor();

const say = async (page, words) => {
  await page.getByLabel('Say something').fill(words);
  await page.keyboard.press('Enter');
};

test('alice talks until she signs out in another tab', async (visitor) => {
  const { page } = visitor;
  // Events, once nobody is signed in.
  visitor.expects(/status of 401/);
  await page.goto('/');
  await atProvider(app, page);
  await choose(page, 'alice');
  await hasState(page, 'You can talk.');
  await say(page, 'Hello!');
  await page.getByText('Alice Archer: Hello!').waitFor();

  const other = await page.context().newPage();
  await other.goto('/');
  await hasState(other, 'You can talk.');
  await say(other, 'Good-bye!');
  await page.getByText('Alice Archer: Good-bye!').waitFor();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await other.waitForURL(isLoggedOut(app));

  await hasState(page, 'You are signed out.');
  // The browser asks for events once more, and is told that nobody is signed in.
  await page.locator('#list[data-closed]').waitFor();
});
