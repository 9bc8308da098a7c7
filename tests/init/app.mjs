// An app that is a folder: a copy of a shape, in a repository of its own, with
// the commands that its owner would run there.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Program } from '../providers/program.mjs';
import { ask, isTaken } from './wire.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** A copy of a shape. */
export class App {
  #shape;
  #folder;
  #vestibule;

  /** Copies the shape to `work`, as the first commit of a repository. */
  static async copy(shape, work, vestibule) {
    const app = new App();
    app.#shape = shape;
    app.#folder = join(work, shape.name);
    app.#vestibule = vestibule;
    app.package = join(app.#folder, shape.folder);
    await cp(join(HERE, shape.from), app.#folder, { recursive: true });
    await cp(join(HERE, 'Cargo.lock'), join(app.#folder, 'Cargo.lock'));
    await run('git', ['init', '--quiet'], app.#folder);
    return app;
  }

  /** Runs a command of `vestibule` in the package; gives its exit code and what it printed. */
  vestibule(...args) {
    return run(this.#vestibule, args, this.package);
  }

  /** Runs a command of `cargo` for the whole folder, which has to succeed. */
  async cargo(...args) {
    const { code, output } = await run('cargo', args, this.#folder);
    assert.equal(code, 0, `cargo ${args.join(' ')} in ${this.#shape.name}:\n${output}`);
    return output;
  }

  /** Makes sure that it is built, that its own tests pass, and that it is formatted. Gives how many tests there are. */
  async isGood() {
    await this.cargo('build');
    const output = await this.cargo('test', '--quiet', ...this.#shape.packages.flatMap((name) => ['--package', name]));
    await this.cargo('fmt', '--check');
    const counts = [...output.matchAll(/^test result: ok\. (\d+) passed/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Starts it as its owner would, on the port that is its own. */
  async start(port) {
    assert.ok(!(await isTaken(port)), `port ${port} is in use, and ${this.#shape.name} needs it`);
    const forCargo = Object.entries(process.env).filter(([name]) => /^(CARGO|RUST)/.test(name));
    return Program.start('cargo', {
      args: ['run', '--quiet'],
      env: { ...Object.fromEntries(forCargo), ...this.#shape.env },
      readyAt: `http://localhost:${port}${this.#shape.ready}`,
      folder: this.package,
    });
  }

  /** What it answers to everything that it is asked, in a new process. */
  async answers(port) {
    const program = await this.start(port);
    const answers = [];
    try {
      for (const [request, options] of this.#shape.asked) {
        answers.push(`${request} ${JSON.stringify(options ?? {})}\n${await ask(port, request, options)}`);
      }
    } finally {
      await program.stop({ keepFolder: true });
    }
    return answers;
  }

  /** A name for the content of all files but those that git ignores. */
  async state() {
    await this.#git('add', '--all');
    return (await this.#git('write-tree')).trim();
  }

  /** How files that are in both states differ, as a diff. */
  difference(before, after) {
    return this.#git('diff', '--diff-filter=M', '--relative', before, after, '--', '.', ':!Cargo.lock');
  }

  /** The files that aren't the same in both states. */
  changed(before, after) {
    return this.#git('diff', '--name-only', before, after, '--', '.', ':!Cargo.lock');
  }

  /**
   * Does what a message of `init` says is left to do by hand, in the last
   * server of `main.rs`. The message names places, and the lines for each.
   */
  async paste(message) {
    const lines = [...message.matchAll(/:\n((?:    .*\n)+)/g)].map(([, block]) => block.replace(/^    /gm, ''));
    const [, modules, start, calls] = lines;
    const [, app] = /directly after `(.*)`, in the closure/.exec(message);
    const path = join(this.package, 'src/main.rs');
    const code = (await readFile(path, 'utf8')).replace(/^use /m, () => `${modules}\nuse `);
    const server = code.lastIndexOf('HttpServer::new(||');
    assert.ok(server > 0, code);
    const head = code.slice(0, server);
    const tail = code.slice(server).replace('||', 'move ||').replace(app, () => `${app}\n${calls}`);
    await writeFile(path, `${head}${start}${tail}`);
    await this.cargo('fmt');
  }

  /** Puts lines like `.configure(oidc.public(…))` in the place of what registers the same routes in `main.rs`. */
  async declare(lines) {
    const path = join(this.package, 'src/main.rs');
    let code = await readFile(path, 'utf8');
    for (const line of new Set(lines)) {
      const [, service] = /config(\.service\(\w+\));/.exec(line) ?? [];
      const plain = service ?? line.replace('oidc.public(', '').replace(/\)$/, '');
      assert.ok(code.includes(plain), `${plain} in ${code}`);
      code = code.replace(plain, () => line);
    }
    await writeFile(path, code);
    await this.cargo('fmt');
  }

  /** Removes a file of the package. */
  remove(path) {
    return rm(join(this.package, path));
  }

  /** A name for the content of a folder of the package. */
  async stateOf(folder) {
    return (await this.#git('rev-parse', `${await this.state()}:./${folder}`)).trim();
  }

  /**
   * Gives all files below `folder` the time of the program that wrote them, so
   * that Cargo sees that they are those that it has built for another app.
   */
  async setTimes(folder) {
    const { mtime } = await stat(this.#vestibule);
    const root = join(this.package, folder);
    const entries = await readdir(root, { recursive: true });
    for (const entry of entries) await utimes(join(root, entry), mtime, mtime);
  }

  async #git(...args) {
    const { code, output } = await run('git', args, this.package);
    assert.equal(code, 0, `git ${args.join(' ')} in ${this.#shape.name}:\n${output}`);
    return output;
  }
}

/** Runs a program to its end. The output is what a terminal would show, in that order. */
async function run(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const merged = ['-c', 'exec "$@" 2>&1', 'sh', command, ...args];
    execFile('sh', merged, { cwd, maxBuffer: 2 ** 28 }, (error, output) => {
      if (error && typeof error.code !== 'number') return reject(error);
      resolve({ code: error?.code ?? 0, output });
    });
  });
}
