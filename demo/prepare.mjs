/** Brings a fresh or outdated checkout to where the demo can run: packages, then the build. */
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** Installs when package-lock.json is newer than what is installed; builds when a source is newer than the build. */
export function prepare(root) {
  const at = (...parts) => path.join(root, ...parts);
  if (modified(at('package-lock.json')) > modified(at('node_modules', '.package-lock.json'))) {
    // npm ci empties the folder that a link names: somebody else's packages.
    if (lstatSync(at('node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
      console.error(
        'node_modules is a link to another folder, and its packages are older than package-lock.json. ' +
          'Run npm ci there, or remove the link.',
      );
      process.exit(1);
    }
    npm(root, ['ci', '--include=dev', '--no-audit', '--no-fund'], 'Installing packages (npm ci) …');
  }
  const built = Math.min(
    modified(at('dist', 'rtc-elements.js')),
    modified(at('dist', 'server', 'index.js')),
  );
  if (Math.max(newest(at('src')), modified(at('package.json'))) > built) {
    npm(root, ['run', 'build'], 'Building (npm run build) …');
  }
}

/** When a file changed, in milliseconds; 0 when it is not there. */
function modified(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (latest, entry) =>
        Math.max(latest, modified(path.join(entry.parentPath ?? entry.path, entry.name))),
      0,
    );
}

function npm(root, args, what) {
  console.log(what);
  const script = process.env.npm_execpath;
  const [command, ...rest] = script ? [process.execPath, script, ...args] : ['npm', ...args];
  const shell = !script && process.platform === 'win32';
  const { status, error } = spawnSync(command, rest, { cwd: root, stdio: 'inherit', shell });
  if (status === 0) return;
  console.error(
    `\nnpm ${args.join(' ')} failed${error ? `: ${error.message}` : ''}. Put that right, then start again.`,
  );
  process.exit(status ?? 1);
}
