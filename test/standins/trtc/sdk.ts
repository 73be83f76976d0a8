/** The script of the npm package trtc-js-sdk, byte for byte as it was shipped. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';

export const SDK = readFileSync(
  createRequire(import.meta.url).resolve('trtc-js-sdk/trtc.js'),
  'utf8',
);
export const SDK_INTEGRITY = `sha384-${createHash('sha384').update(SDK).digest('base64')}`;

/** To a page of any origin. */
export function answerWithSdk(response: ServerResponse): void {
  response
    .writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' })
    .end(SDK);
}
