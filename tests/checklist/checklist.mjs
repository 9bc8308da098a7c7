// The relying party's checklist, held against what a test run printed: which
// tests carry a row's id, and whether the row holds. Nothing here runs a test.

import { table } from '../markdown.mjs';

const SECTIONS = {
  D: 'Discovery and keys',
  A: 'Authorization request',
  R: 'Authorization response',
  T: 'Token endpoint',
  I: 'ID token',
  U: 'UserInfo',
  S: 'Sessions and cookies',
  F: 'Refresh and revocation',
  L: 'Sign-out',
  B: 'Browser and application',
  O: 'Operations',
};

/** The rows as `rows.tsv` has them. */
export function readRows(text) {
  const [, ...lines] = text.trimEnd().split('\n');
  return lines.map((line) => {
    const [id, level, done, outcome, leftOut = ''] = line.split('\t');
    return { id, level, done, outcome, leftOut };
  });
}

/** The tests that `cargo test` says it ran, by the id that their names begin with. */
export function readTests(log) {
  const tests = new Map();
  for (const [, path, result] of log.matchAll(/^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)/gm)) {
    const name = path.split('::').at(-1);
    const id = /^([a-z]\d+)_/.exec(name)?.[1].toUpperCase();
    // Other letters number other lists.
    if (id && id[0] in SECTIONS) tests.set(id, [...(tests.get(id) ?? []), { name, passed: result === 'ok' }]);
  }
  return tests;
}

/** What keeps the checklist from holding, one text for each. */
export function faults(rows, tests) {
  const known = new Set(rows.map(({ id }) => id));
  const strange = [...tests].filter(([id]) => !known.has(id));
  return [
    ...rows.flatMap((row) => {
      const own = tests.get(row.id) ?? [];
      if (row.leftOut) return [];
      if (own.length === 0) return [`${row.id} (${row.level}) has no test: ${row.done}: ${row.outcome}`];
      return own.filter(({ passed }) => !passed).map(({ name }) => `${row.id} does not hold: ${name}`);
    }),
    ...strange.flatMap(([id, own]) => own.map(({ name }) => `${name}: there is no row ${id}`)),
  ];
}

/** The whole page. */
export function page(rows, tests) {
  const held = rows.filter((row) => result(row, tests) === 'holds').length;
  const leftOut = rows.filter((row) => row.leftOut).length;
  const sections = Object.entries(SECTIONS).map(([letter, title]) => {
    const lines = rows.filter(({ id }) => id.startsWith(letter)).map((row) => [
      row.id,
      row.level,
      row.done,
      row.outcome,
      (tests.get(row.id) ?? []).map(({ name }) => `\`${name}\``).sort().join('<br>'),
      result(row, tests),
    ]);
    return `## ${title}\n\n${table(['row', '', 'when', 'then', 'tests', 'result'], lines)}`;
  });
  return `# The checklist

What the generated app does as a relying party, row by row, and the tests that
show it. M is a must, S a should. \`tests/run\` writes this page from what
\`cargo test\` prints; the tests come with every generated app, in \`tests/it\`.

${held} of ${rows.length} rows hold, ${leftOut} are left out.

${sections.join('\n\n')}
`;
}

function result(row, tests) {
  if (row.leftOut) return `left out: ${row.leftOut}`;
  const own = tests.get(row.id) ?? [];
  if (own.length === 0) return 'no test';
  return own.every(({ passed }) => passed) ? 'holds' : 'fails';
}
