/** The README promises of each back end what a story shows, and nothing else. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Backend, Capability } from '../conformance/backend.js';
import { backend as embedded } from '../conformance/backends/embedded.js';
import { backend as livekit } from '../conformance/backends/livekit.js';
import { backend as qiniu } from '../conformance/backends/qiniu.js';
import { backend as trtc } from '../conformance/backends/trtc.js';
import { BACKENDS, features, type BackendName, type Cell } from '../features.js';

const backends: Record<BackendName, Backend> = { embedded, livekit, trtc, qiniu };
const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');

/** What a story needs, as its file says; null: there is no such story. */
function needsOf(file: string, story: string): string[] | null {
  const name = story.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const call = new RegExp(`\\b\\w+\\(\\s*(['"\`])${name}\\1,\\s*(?:\\[([^\\]]*)\\])?`);
  const found = call.exec(read(file));
  return found && (found[2]?.match(/[\w-]+/g) ?? []);
}

const tableOf = (text: string): string[][] => {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| | ${BACKENDS.join(' | ')} |`));
  assert.ok(from > 0, 'the README has the table');
  const rest = lines.slice(from + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

test('the README’s table of features is the map of test/features.ts', () => {
  const expected = features.map(({ name, cells }) => [
    name,
    ...BACKENDS.map((backend) => cells[backend].says),
  ]);
  assert.deepEqual(tableOf(read('../README.md')), expected);
});

for (const { name, cells } of features) {
  for (const backend of BACKENDS) {
    const cell: Cell = cells[backend];
    const { lacks } = backends[backend];
    test(`${name}, on ${backend}: ${cell.says}`, () => {
      if ('lacks' in cell) {
        assert.ok(lacks[cell.lacks], `backends/${backend}.ts gives no reason for ${cell.lacks}`);
        return;
      }
      assert.notEqual(cell.says, 'not possible');
      assert.ok(cell.by.length > 0);
      for (const [file, story] of cell.by) {
        const needs = needsOf(file, story);
        assert.ok(needs, `test/${file} has no story “${story}”`);
        if (!file.startsWith('conformance/')) continue;
        const skipped = needs.filter((need) => lacks[need as Capability]);
        assert.deepEqual(skipped, [], `skipped on ${backend}: it is named in its lacks`);
      }
    });
  }
}
