// A reporter for Node's test runner that prints the provider matrix: one line
// for each variant of a provider, one column for each test.

import { table } from '../markdown.mjs';
import { providers } from './providers.mjs';

/** Takes the runner's events and gives the page. */
export default async function* matrix(events) {
  const tests = new Map();
  const variants = [];
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.nesting === 0) {
      // A suite ends after its tests.
      variants.push({ name: data.name, results: new Map(tests) });
      tests.clear();
    } else {
      tests.set(data.name, result(type, data));
    }
  }
  yield page(variants);
}

function result(type, { skip }) {
  if (type === 'test:fail') return '**fails**';
  return skip === undefined ? 'passes' : String(skip);
}

function page(variants) {
  const sections = providers.map(({ title, notes }) => {
    const own = variants.filter(({ name }) => name.startsWith(`${title}: `));
    const titles = [...new Set(own.flatMap(({ results }) => [...results.keys()]))];
    const rows = own.map(({ name, results }) => [
      ...name.slice(title.length + 2).split(', '),
      ...titles.map((test) => results.get(test) ?? 'not run'),
    ]);
    const head = ['ID token', 'client authentication', 'userinfo as', ...titles];
    return [`## ${title}`, table(head, rows), ...notes].join('\n\n');
  });
  return `# Providers

The generated app with providers that other people wrote. \`tests/providers/all\`
starts them, signs people in and out with Chromium, records what app and provider
say to each other, and writes this page; \`tests/run\` tries the first variant of
each. “Not offered” is what a provider's own metadata do not offer.

${sections.join('\n\n')}
`;
}
