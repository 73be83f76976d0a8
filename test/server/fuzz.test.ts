import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle } from './child.js';
import { fuzz } from './fuzz.js';

// The whole, a million, is in `npm run bench`.
test('20,000 hostile and malformed messages: no crash, nobody stuck, nothing left', async () => {
  const script = await bundle('test/server/server-child.ts');
  const { messages, stuck, before, after } = await fuzz(script, 20_000, 1);
  assert.ok(messages >= 20_000);
  assert.equal(stuck, 0, 'each socket is closed by the server');
  assert.deepEqual([after.rooms, after.sessions], [0, 0]);
  const grown = (after.heap - before.heap) / 1e6;
  assert.ok(grown < 4, `the heap grew by ${grown.toFixed(1)} MB`);
});
