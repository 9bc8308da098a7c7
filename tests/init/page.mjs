// The page that tells what `vestibule init` did in each app, from what the tests saw.

import { table } from '../markdown.mjs';

/** The whole page. */
export function page(edited, refused) {
  const plain = edited.find(({ shape }) => shape.name === 'plain');
  const decided = edited.filter(({ shape }) => shape.isDecided).map(({ shape }) => shape.name);
  return `# \`vestibule init\` in apps that exist

These apps are built as public Actix apps are, and were written for these tests.
\`tests/init/all\` brings sign-in into each of them, and writes this page. Before and
after, the app is built, its own tests pass, and it is asked the same requests:
its answers are the same byte for byte, but for the time. Then \`cargo run\`
starts it, a stranger is turned away from the protected page, and alice signs in
and out in Chromium. A second \`vestibule init\` changes nothing.

The routes that an app had before are undecided, and \`vestibule routes --check\`
fails until each of them has a guard or is declared public; a baseline accepts
those of today. The tests declare those of ${decided.join(' and ')} as the check says.
Then \`vestibule add route reports\` registers a page for people who are signed in,
with which the app is built and tested, and \`vestibule remove route reports\`
restores each byte. It is refused where a route of the app answers that path, or
not all routes can be read.

${table(
  ['app', 'built as', 'what is special', 'its own code', 'tests', 'requests', 'protected page', 'undecided routes', 'a new route is in'],
  edited.map(({ shape, diff, tests, requests, path, undecided, registered }) => [
    link(shape),
    shape.like,
    shape.built,
    sizes(diff),
    `${tests} pass`,
    `${requests} the same`,
    `\`${path}\``,
    undecided === undefined ? 'not all can be read' : `${undecided}`,
    registered ? `\`${registered}\`` : 'refused',
  ]),
)}

New are ${list(plain.created.filter((path) => !path.startsWith('crates/')))} and the two
crates. Where the app has a module of that name already, the new one gets another,
and so do the paths of the sign-in where the app answers one of them itself.

## What is refused

Nothing is written, and the exit code is 3.

${table(['app', 'made with', 'why'], refused.map(({ shape, output }) => [link(shape), shape.built, reason(output)]))}

## A first sign-in

The first of the apps, as a terminal shows it.

${fenced('console', session(plain.session))}

## Every edit

${edited.map(({ shape, diff }) => `### ${shape.name}\n\n${fenced('diff', readable(diff))}`).join('\n\n')}

## Every refusal

${refused.map(({ shape, output }) => `### ${shape.name}\n\n${fenced('text', output)}`).join('\n\n')}
`;
}

function link({ name, from }) {
  return `[${name}](../tests/init/${from})`;
}

/** How many lines of each file of the owner came and went. */
function sizes(diff) {
  const files = diff.split(/^diff --git /m).slice(1);
  const size = (text) => {
    const [, path] = /^\+\+\+ b\/(.*)$/m.exec(text);
    const body = text.slice(text.indexOf('\n@@'));
    const count = (sign) => body.split('\n').filter((line) => line.startsWith(sign)).length;
    return `\`${path}\` +${count('+')} −${count('-')}`;
  };
  return files.map(size).join('<br>');
}

/** The diff without what only git reads, and without our version. */
function readable(diff) {
  return diff.replace(/^(diff --git|index) .*\n/gm, '').replace(/^(\+vestibule.* version =) "[^"]*"/gm, '$1 "…"');
}

function list(paths) {
  return paths.map((path) => `\`${path}\``).join(', ');
}

/** What the message says happened, without what to do about it. */
function reason(output) {
  return /^error: (.*)$/m.exec(output)[1];
}

function session(steps) {
  return steps
    .map(({ command, output, browser, text }) =>
      command
        ? `$ ${command}\n${stable(output)}`
        : `# A browser that opens ${browser} is sent to the development provider.\n# There, the button “alice” leads back, to a page that says:\n${text}\n`,
    )
    .join('\n');
}

/** The output without what is different in each run or version. */
function stable(output) {
  return output
    .replace(/(development provider http:\/\/localhost):\d+/g, '$1:PORT')
    .replace(/\(\d+ files\)/g, '(all files)');
}

function fenced(language, text) {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
