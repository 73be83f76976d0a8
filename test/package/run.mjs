/** `npm run test:package`: what `npm publish` would publish, used as its users use it. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { findBrowser } from '../tools/browser.mjs';
import { npm, root, run, tool } from '../tools/process.mjs';

const TAGS = ['rtc-room', 'rtc-local-stream', 'rtc-remote-stream', 'rtc-cross-room-link'];

if (!existsSync(path.join(root, 'dist', 'rtc-elements.js'))) {
  console.error('The package is packed from dist/: npm run build first.');
  process.exit(1);
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'rtc-elements-package-'));
const installed = path.join(folder, 'node_modules', 'rtc-elements');
let passed = 0;
let failed = 0;

async function check(name, body) {
  try {
    await body();
    passed += 1;
    console.log(`✔ ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`✖ ${name}\n  ${String(error?.message ?? error).replaceAll('\n', '\n  ')}`);
  }
}

async function expectSuccess(running) {
  const { code, output } = await running;
  assert.equal(code, 0, output.trim());
  return output;
}

try {
  await check('the package can be packed and installed', install);
  // Nothing of what follows means anything without it.
  if (failed === 0) {
    await check('it holds what it should and nothing else', contents);
    for (const name of specifiers()) await check(`Node imports ${name}`, () => importInNode(name));
    for (const resolution of ['bundler', 'nodenext']) {
      await check(`its types resolve with moduleResolution ${resolution}`, () => types(resolution));
    }
    for (const entry of ['rtc-elements/define', 'rtc-elements/elements/rtc-room', 'rtc-elements']) {
      await check(`bundling ${entry} leaves the driver a chunk of its own`, () => ownChunk(entry));
    }
    await inBrowser();
    await check('rtc-elements-server starts and ends', serverStarts);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function install() {
  const quiet = { capture: true, limit: 180_000 };
  await expectSuccess(
    npm(['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], quiet),
  );
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  assert.ok(tarball, 'npm pack left no tarball.');
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await expectSuccess(
    npm(['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
      ...quiet,
      cwd: folder,
    }),
  );
}

function contents() {
  const files = readdirSync(installed, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !name.startsWith('node_modules'));
  for (const name of [
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'custom-elements.json',
    'dist/rtc-elements.js',
    'dist/rtc-elements.iife.js',
    'dist/rtc-elements-link.js',
    'dist/index.d.ts',
  ]) {
    assert.ok(files.includes(name), `${name} is missing.`);
  }
  for (const name of files) assert.doesNotMatch(name, /^(src|test|demo)\b|\.tsbuildinfo$|\.test\./);
  const manifest = JSON.parse(readFileSync(path.join(installed, 'custom-elements.json'), 'utf8'));
  for (const { path: module } of manifest.modules) {
    const types = module.replace(/\.js$/, '.d.ts');
    assert.ok(
      files.includes(module) || files.includes(types),
      `custom-elements.json names ${module}.`,
    );
  }
}

/** Every export, the patterns spelled out. */
function specifiers() {
  const folders = (name) => {
    const dist = path.join(installed, 'dist', name);
    return readdirSync(dist, { withFileTypes: true }).filter((entry) =>
      existsSync(path.join(dist, entry.name, 'index.js')),
    );
  };
  return [
    'rtc-elements',
    'rtc-elements/define',
    ...TAGS.map((tag) => `rtc-elements/elements/${tag}`),
    // LiveKit's imports its SDK, an optional peer that is not installed here.
    ...folders('drivers').flatMap(({ name }) =>
      name === 'livekit' ? [] : `rtc-elements/drivers/${name}`,
    ),
    'rtc-elements/server',
    'rtc-elements/custom-elements.json',
    'rtc-elements/package.json',
  ];
}

/** Does not throw, says nothing, leaves no global but Lit's behind, and lets the process end. */
async function importInNode(name) {
  const options = name.endsWith('.json') ? `, { with: { type: 'json' } }` : '';
  const script = `
    const ofLit = /^(lit|reactive)|^customElements$/;
    const before = new Set(Reflect.ownKeys(globalThis));
    const module = await import(${JSON.stringify(name)}${options});
    const added = Reflect.ownKeys(globalThis).filter((key) => !before.has(key) && !ofLit.test(String(key)));
    if (added.length > 0) throw new Error('It adds globals: ' + added.map(String).join(', '));
    if (${JSON.stringify(name)} === 'rtc-elements' && Object.keys(module).length === 0) throw new Error('It exports nothing.');`;
  const output = await expectSuccess(
    run(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
      cwd: folder,
      capture: true,
      limit: 20_000,
    }),
  );
  assert.equal(output, '', `It writes: ${output}`);
}

async function types(resolution) {
  const place = path.join(folder, resolution);
  mkdirSync(place);
  writeFileSync(
    path.join(place, 'sample.ts'),
    readFileSync(new URL('./sample.ts.txt', import.meta.url)),
  );
  writeFileSync(
    path.join(place, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'es2022',
        module: resolution === 'bundler' ? 'esnext' : 'nodenext',
        moduleResolution: resolution,
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        lib: ['es2023', 'dom', 'dom.iterable'],
        typeRoots: [path.join(root, 'node_modules', '@types')],
        types: ['node'],
      },
    }),
  );
  await expectSuccess(
    tool('@typescript/native/bin/tsc', ['-p', place, '--pretty', 'false'], { capture: true }),
  );
}

/** The driver must be an import() away from the page, and be reached by it. */
async function ownChunk(entry) {
  const { metafile } = await build({
    stdin: {
      contents: `import * as all from '${entry}'; globalThis.all = all;`,
      resolveDir: folder,
    },
    absWorkingDir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const holdsDriver = Object.entries(metafile.outputs).filter(([, { inputs }]) =>
    Object.keys(inputs).some((name) => name.endsWith('dist/drivers/embedded/index.js')),
  );
  assert.equal(holdsDriver.length, 1, 'The driver is in no chunk, or in several.');
  const [driver] = holdsDriver[0];
  const statically = new Set();
  const visit = (name) => {
    if (statically.has(name)) return;
    statically.add(name);
    for (const { path: next, kind } of metafile.outputs[name].imports) {
      if (kind === 'import-statement') visit(next);
    }
  };
  visit('out/stdin.js');
  assert.ok(!statically.has(driver), 'A page that never joins loads the driver.');
}

async function inBrowser() {
  const files = {
    '/module.html':
      '<!doctype html><rtc-room></rtc-room><script type="module" src="rtc-elements.js"></script>',
    '/classic.html':
      '<!doctype html><rtc-room></rtc-room><script src="rtc-elements.iife.js"></script>',
  };
  const server = createServer((request, response) => {
    const script = /^\/(rtc-elements(\.iife)?\.js)$/.exec(request.url)?.[1];
    const body = script ? readFileSync(path.join(installed, 'dist', script)) : files[request.url];
    response.writeHead(body ? 200 : 404, {
      'content-type': script ? 'text/javascript' : 'text/html',
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { executablePath, args } = await findBrowser();
  const browser = await chromium.launch({ executablePath, args, headless: true });
  try {
    for (const [page, name] of [
      ['module.html', 'dist/rtc-elements.js'],
      ['classic.html', 'dist/rtc-elements.iife.js'],
    ]) {
      await check(`${name} defines the four elements and fetches nothing more`, async () => {
        const tab = await browser.newPage();
        const requests = [];
        const errors = [];
        tab.on('request', (request) => requests.push(new URL(request.url()).pathname));
        tab.on('pageerror', (error) => errors.push(error.message));
        await tab.goto(`http://127.0.0.1:${server.address().port}/${page}`);
        const defined = await tab.evaluate(
          (tags) => tags.filter((tag) => customElements.get(tag)),
          TAGS,
        );
        assert.deepEqual(defined, TAGS);
        assert.ok(await tab.evaluate(() => document.querySelector('rtc-room').shadowRoot !== null));
        assert.deepEqual(errors, []);
        assert.deepEqual(
          requests.filter((each) => each !== '/favicon.ico'),
          [`/${page}`, `/${path.basename(name)}`],
        );
        if (page === 'classic.html') {
          const names = await tab.evaluate(() => Object.keys(globalThis.RtcElements ?? {}));
          assert.ok(names.includes('RtcRoom') && names.includes('registerDriver'), names.join());
        }
        await tab.close();
      });
    }
  } finally {
    await browser.close();
    server.close();
  }
}

/** The command of the package: says where it listens, and ends when it is told to. */
function serverStarts() {
  return new Promise((resolve, reject) => {
    const cli = path.join(installed, 'dist', 'server', 'cli.js');
    const server = spawn(process.execPath, [cli, '--port', '0', '--dev'], { cwd: folder });
    let output = '';
    let told = false;
    const timer = setTimeout(() => server.kill('SIGKILL'), 20_000);
    const take = (chunk) => {
      output += chunk;
      if (told || !/:\d{2,5}\b/.test(output)) return;
      told = true;
      server.kill('SIGTERM');
    };
    server.stdout.setEncoding('utf8').on('data', take);
    server.stderr.setEncoding('utf8').on('data', take);
    server.on('error', reject);
    server.on('close', (code, signal) => {
      clearTimeout(timer);
      if (told && code === 0) resolve();
      else reject(new Error(`It ended with ${code ?? signal} after:\n${output}`));
    });
  });
}
