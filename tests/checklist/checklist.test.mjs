// The checklist reports the faults that it is there to find.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults, page, readRows, readTests } from './checklist.mjs';

const ROWS = readRows(`id\tlevel\twhen\tthen\tleft out
I14\tM\tnbf is in the future\trefused
L17\tS\tframes\tits own session only\tnot needed
`);

const passing = readTests('test checklist::id_token::i14_nbf_in_the_future_is_refused ... ok\n');

test('a row with a passing test holds', () => {
  assert.deepEqual(faults(ROWS, passing), []);
  assert.match(page(ROWS, passing), /\| I14 \| M .*`i14_nbf_in_the_future_is_refused` \| holds \|/);
  assert.match(page(ROWS, passing), /\| L17 \| S .*\| left out: not needed \|/);
});

test('a row without a test is a fault', () => {
  const [fault, ...more] = faults(ROWS, readTests('test it::nbf_in_the_future_is_refused ... ok\n'));
  assert.match(fault, /^I14 \(M\) has no test/);
  assert.deepEqual(more, []);
});

test('a row with a failed or ignored test is a fault', () => {
  for (const result of ['FAILED', 'ignored', 'ignored, too slow']) {
    const tests = readTests(`test it::i14_nbf ... ok\ntest it::i14_other ... ${result}\n`);
    assert.deepEqual(faults(ROWS, tests), ['I14 does not hold: i14_other']);
    assert.match(page(ROWS, tests), /\| fails \|/);
  }
});

test('a test for a row that does not exist is a fault', () => {
  const tests = readTests('test it::i14_nbf ... ok\ntest it::i99_nothing ... ok\n');
  assert.deepEqual(faults(ROWS, tests), ['i99_nothing: there is no row I99']);
});

test('a test of another numbered list is not part of the checklist', () => {
  const tests = readTests('test it::i14_nbf ... ok\ntest it::w1_weakness ... ok\n');
  assert.deepEqual(faults(ROWS, tests), []);
});
