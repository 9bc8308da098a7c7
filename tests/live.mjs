// The table of routes that `vestibule` reads from the source of an app, against the app as it
// runs: asked at its address.
//
//     node tests/live.mjs path/to/target/debug/app path/to/its/source path/to/vestibule

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

import { App } from './browser/app.mjs';

const [binary, source, vestibule] = process.argv.slice(2).map((path) => resolve(path));
const app = await App.start(binary);
try {
  execFileSync(vestibule, ['routes', '--check', '--live', app.url], { cwd: source, stdio: 'inherit' });
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await app.tidy();
}
