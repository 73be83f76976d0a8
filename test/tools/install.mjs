/** `npm ci` when nothing is installed, or not what package-lock.json says. Needs no package itself. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { npm, root } from './process.mjs';

export async function install() {
  if (upToDate()) return;
  console.log('Installing packages (npm ci) …');
  const { code } = await npm([
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  if (code !== 0) {
    console.error('npm ci failed; what is wrong stands above.');
    process.exit(1);
  }
}

/** Compares with npm's own record of what it has installed. */
function upToDate() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = packages(record);
  return Object.entries(packages(path.join(root, 'package-lock.json'))).every(
    // Optional ones, and those of other systems, need not be there.
    ([name, { version, optional, os, cpu }]) =>
      !name || optional || os || cpu || installed[name]?.version === version,
  );
}

function packages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}
