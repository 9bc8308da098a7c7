// The relying party's checklist, compared with what a test run printed: which
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
export function readRows(tsv) {
  const [, ...lines] = tsv.trimEnd().split('\n');
  return lines.map((line) => {
    const [id, level, when, then, leftOut = ''] = line.split('\t');
    return { id, level, when, then, leftOut };
  });
}

/** The tests that `cargo test` says it ran, by the id that their names begin with. */
export function readTests(log) {
  const tests = new Map();
  for (const [, path, result] of log.matchAll(/^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)/gm)) {
    const name = path.split('::').at(-1);
    const id = /^([a-z]\d+)_/.exec(name)?.[1].toUpperCase();
    // Ids with another first character belong to other lists.
    if (id && id[0] in SECTIONS) tests.set(id, [...(tests.get(id) ?? []), { name, passed: result === 'ok' }]);
  }
  return tests;
}

/** What keeps the checklist from holding, a message for each fault. */
export function faults(rows, tests) {
  const known = new Set(rows.map(({ id }) => id));
  const unknown = [...tests].filter(([id]) => !known.has(id));
  return [
    ...rows.flatMap((row) => {
      const own = tests.get(row.id) ?? [];
      if (row.leftOut) return [];
      if (own.length === 0) return [`${row.id} (${row.level}) has no test: ${row.when}: ${row.then}`];
      return own.filter(({ passed }) => !passed).map(({ name }) => `${row.id} does not hold: ${name}`);
    }),
    ...unknown.flatMap(([id, own]) => own.map(({ name }) => `${name}: there is no row ${id}`)),
  ];
}

/** The whole page. */
export function page(rows, tests) {
  const held = rows.filter((row) => result(row, tests) === 'holds').length;
  const leftOut = rows.filter((row) => row.leftOut).length;
  const sections = Object.entries(SECTIONS).map(([prefix, title]) => {
    const lines = rows.filter(({ id }) => id.startsWith(prefix)).map((row) => [
      row.id,
      row.level,
      row.when,
      row.then,
      (tests.get(row.id) ?? []).map(({ name }) => `\`${name}\``).sort().join('<br>'),
      result(row, tests),
    ]);
    return `## ${title}\n\n${table(['row', '', 'when', 'then', 'tests', 'result'], lines)}`;
  });
  return `# The checklist

What an app with the library does as a relying party, row by row, and the tests
that show it. M is a must, S a should. \`tests/run\` writes this page from the
output of \`cargo test\`; the tests come with the library, in
\`crates/vestibule/tests\` of every generated app.

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
