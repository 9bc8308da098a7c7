// Prints the checklist's page for the output of a `cargo test`, and fails if a
// row does not hold.
//
//     node tests/checklist/run.mjs output-of-cargo-test > page

import { readFile } from 'node:fs/promises';

import { faults, page, readRows, readTests } from './checklist.mjs';

const [log] = process.argv.slice(2);
if (!log) {
  console.error('error: give one argument: the output of cargo test');
  process.exit(1);
}
const rows = readRows(await readFile(new URL('rows.tsv', import.meta.url), 'utf8'));
const tests = readTests(await readFile(log, 'utf8'));
process.stdout.write(page(rows, tests));
for (const fault of faults(rows, tests)) {
  console.error(`checklist: ${fault}`);
  process.exitCode = 1;
}
