/** Serves the demo's pages and the built bundle: a fixed set of file types, nothing else. */
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/**
 * As strict as a careful site: no inline script or style, no eval, Trusted Types enforced. The one
 * policy allowed is Lit's own, for the fixed HTML of its templates.
 */
const CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

const HEADERS = {
  'content-security-policy': CSP,
  'permissions-policy':
    'camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self)',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/**
 * @param {Record<string, string>} roots the folder of each path prefix, the longest prefix first
 * @param {{ connect?: string[], page?: (html: string) => string }} [options] `connect`: other origins
 *   that pages connect to; `page`: what is made of each page
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>}
 */
export function staticFiles(roots, { connect = [], page } = {}) {
  const csp = CSP.replace("connect-src 'self'", ["connect-src 'self'", ...connect].join(' '));
  return async (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return answer(response, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' });
    }
    const found = await locate(roots, request.url ?? '/');
    if (!found) return answer(response, 404, 'There is no such page.');
    const type = TYPES[path.extname(found.file)];
    const text = page && type === TYPES['.html'] ? page(await readFile(found.file, 'utf8')) : null;
    response.writeHead(200, {
      ...HEADERS,
      'content-security-policy': csp,
      'content-type': type,
      'content-length': text === null ? found.size : Buffer.byteLength(text),
    });
    if (request.method === 'HEAD' || text !== null) return void response.end(text);
    createReadStream(found.file)
      .on('error', () => response.destroy())
      .pipe(response);
  };
}

async function locate(roots, url) {
  let pathname;
  try {
    pathname = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return null;
  }
  if (/[\0\\]/.test(pathname)) return null;
  const prefix = Object.keys(roots).find((each) => pathname.startsWith(each));
  if (prefix === undefined) return null;
  const rest = pathname.slice(prefix.length) || 'index.html';
  if (!(path.extname(rest) in TYPES)) return null;
  try {
    const root = await realpath(roots[prefix]);
    const file = await realpath(path.join(root, rest));
    if (!file.startsWith(root + path.sep)) return null;
    const info = await stat(file);
    return info.isFile() ? { file, size: info.size } : null;
  } catch {
    return null;
  }
}

function answer(response, status, text, headers = {}) {
  response.writeHead(status, {
    ...HEADERS,
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
  });
  response.end(`${text}\n`);
}
