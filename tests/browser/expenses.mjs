// The app of docs/expenses.md as people use it: alice files a claim, bob approves it and
// carol has it paid, while alice looks at her page. `ACCOUNTANT` is the chapter's command that
// makes carol an accountant, and `PEOPLE` the app's list of people.
//
//     node tests/browser/expenses.mjs path/to/target/debug/expenses

import assert from 'node:assert/strict';
import { execSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test as declare } from 'node:test';

import { PATIENCE, Visitor } from './browser.mjs';
import { openBrowser, sees, signIn, startApp } from './harness.mjs';

const { ACCOUNTANT, PEOPLE } = process.env;
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');

/** What pays, and what it was told. */
const payments = [];
const api = createServer(async (request, response) => {
  payments.push({ authorization: request.headers.authorization, ...JSON.parse(await text(request)) });
  response.end();
}).listen(0, '127.0.0.1');
await once(api, 'listening');
after(() => api.close());

const folder = mkdtempSync(join(tmpdir(), 'expenses-'));
after(() => rmSync(folder, { recursive: true }));
const settings = {
  DATABASE_URL: `sqlite:${folder}/data/app.db`,
  PAYMENTS_API: `http://127.0.0.1:${api.address().port}/payments`,
};
const browser = await openBrowser();
const app = await startApp('expenses', settings, { people: PEOPLE });

/** Somebody who is signed in. */
async function arrive(person) {
  const visitor = await Visitor.arrive(browser, app.url);
  await signIn(app, visitor.page, person);
  return visitor;
}

declare('a claim is filed, approved and paid, and its page shows it', { timeout: 6 * PATIENCE }, async () => {
  const alice = await arrive('alice');
  const { page } = alice;
  await page.getByRole('link', { name: 'Expenses', exact: true }).click();
  await sees(page, 'heading', 'No claims');
  await page.getByRole('link', { name: 'New claim' }).click();
  await page.getByLabel('What for').fill('Train to Bern');
  await page.getByLabel('Amount').fill('eighty');
  await page.getByLabel('Date').fill('2026-11-30');
  const file = page.getByRole('button', { name: 'File the claim' });
  await alice.expecting(422, () => file.click());
  await page.getByText('Write it in digits').waitFor();
  assert.equal(await page.getByLabel('What for').inputValue(), 'Train to Bern');
  await alice.photograph('expenses-form');

  await page.getByLabel('Amount').fill('84');
  await file.click();
  await page.waitForURL(/\/expenses\/\d+$/);
  const wrong = { name: 'receipt.pdf', mimeType: 'application/pdf', buffer: Buffer.from('<html>') };
  await page.getByLabel('File').setInputFiles(wrong);
  const add = page.getByRole('button', { name: 'Add the receipt' });
  await alice.expecting(422, () => add.click());
  await page.getByText('Choose a PDF, a PNG or a JPEG.').waitFor();
  await page.getByLabel('File').setInputFiles({ name: 'receipt.png', mimeType: 'image/png', buffer: PNG });
  await add.click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'receipt-1.png');
  await alice.photograph('expenses-claim');
  // A page that is loaded again loses it.
  await page.evaluate(() => (window.isSamePage = true));

  const bob = await arrive('bob');
  await bob.page.getByRole('link', { name: 'Approvals' }).click();
  await bob.page.getByRole('link', { name: 'Train to Bern' }).click();
  await bob.page.getByRole('button', { name: 'Approve' }).click();
  await page.getByText('Approved', { exact: true }).waitFor();
  await bob.leave();

  const carol = await arrive('carol');
  execSync(ACCOUNTANT, { cwd: folder });
  // The app knows of it within 5 seconds.
  const link = carol.page.getByRole('link', { name: 'Payments' });
  const until = Date.now() + PATIENCE;
  while ((await link.count()) === 0) {
    assert.ok(Date.now() < until, 'carol is no accountant');
    await carol.page.goto('/expenses');
  }
  await link.click();
  await carol.page.getByRole('button', { name: 'Pay all of them' }).click();
  await page.getByText('Paid', { exact: true }).waitFor();
  await carol.page.getByRole('heading', { name: 'No claims' }).waitFor();
  assert.deepEqual(payments.map(({ claim, cents }) => [claim, cents]), [[1, 8400]]);
  assert.match(payments[0].authorization, /^Bearer \S+$/);
  assert.ok(await page.evaluate(() => window.isSamePage), 'the page was loaded again');
  await carol.leave();

  for (const state of ['expenses', 'expenses-none', 'expenses-to-pay']) {
    await page.goto(`/dev/views/${state}`);
    await alice.photograph(state);
  }
  await alice.leave();
});
