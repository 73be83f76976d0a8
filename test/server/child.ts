/** The room server in a process of its own: one that can be killed, or whose memory is measured. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';

/** The tools that run tests and benchmarks start there. */
const root = process.cwd();

/** @param entry Below the project; a TypeScript file. @returns the script made of it */
export async function bundle(entry: string): Promise<string> {
  const name = path.basename(entry, '.ts');
  const outfile = path.join(root, 'node_modules/.cache/rtc-elements/children', `${name}.mjs`);
  await build({
    entryPoints: [path.join(root, entry)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    tsconfig: path.join(root, 'tsconfig.json'),
  });
  return outfile;
}

export class Child {
  readonly exited: Promise<number | null>;
  readonly lines: string[] = [];
  #wake: (() => void)[] = [];

  private constructor(private readonly process: ChildProcess) {
    this.exited = once(process, 'exit').then(([code]) => code as number | null);
    const wake = (): void => {
      for (const one of this.#wake.splice(0)) one();
    };
    void this.exited.then(wake);
    for (const stream of [process.stdout, process.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        wake();
      });
    }
  }

  static start(
    script: string,
    args: string[] = [],
    options: { env?: Record<string, string>; node?: string[] } = {},
  ): Child {
    return new Child(
      spawn(process.execPath, [...(options.node ?? []), '--enable-source-maps', script, ...args], {
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
  }

  /** The first group of the first line that matches. */
  async line(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.lines.map((line) => pattern.exec(line)).find(Boolean);
      if (found) return found[1] ?? found[0];
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`The server ended: ${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Asks a child of server-child.ts. */
  async ask<T>(question: string): Promise<T> {
    const answer = once(this.process, 'message');
    this.process.send(question);
    const [value] = (await Promise.race([
      answer,
      this.exited.then((code) => {
        throw new Error(`The server ended (${code}): ${this.lines.join('\n')}`);
      }),
    ])) as [T];
    return value;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.process.kill(signal);
    await this.exited;
  }
}
