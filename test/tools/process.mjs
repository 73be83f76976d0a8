/** Runs one of the project's commands, and the tools in node_modules, alike on every system. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Runs a program to its end; past `limit` milliseconds it is ended and counts as failed.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, capture?: boolean, limit?: number }} [options]
 *   `capture`: hold its output back; otherwise it is shown as it comes, and returned too
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { cwd = root, env, capture = false, limit = 0 } = {}) {
  return new Promise((resolve, reject) => {
    const grouped = process.platform !== 'win32';
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: grouped,
    });
    let output = '';
    const take = (stream, chunk) => {
      output += chunk;
      if (!capture) stream.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', (chunk) => take(process.stdout, chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => take(process.stderr, chunk));
    const signal = (name) => {
      try {
        if (grouped) process.kill(-child.pid, name);
        else child.kill(name);
      } catch {
        // It has just ended.
      }
    };
    let last;
    // Firefox is in no group of ours: who started it ends it when told to, and not when killed.
    const end = () => {
      signal('SIGTERM');
      last ??= setTimeout(() => signal('SIGKILL'), 3_000);
    };
    const interrupted = () => {
      child.once('close', () => process.exit(130));
      end();
    };
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const timer =
      limit > 0 &&
      setTimeout(() => {
        take(process.stderr, `\nNot done after ${limit / 1000} s: ended.\n`);
        end();
      }, limit);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      clearTimeout(last);
      // What is left of its group.
      if (last) signal('SIGKILL');
      process.off('SIGINT', interrupted);
      process.off('SIGTERM', interrupted);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** Runs a script of a package in node_modules, by its path there. */
export function tool(script, args, options) {
  return run(process.execPath, [path.join(root, 'node_modules', script), ...args], options);
}

/** npm, as this process was started by it or as found on the path. */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  if (script) return run(process.execPath, [script, ...args], options);
  return process.platform === 'win32'
    ? run('cmd', ['/c', 'npm', ...args], options)
    : run('npm', args, options);
}
