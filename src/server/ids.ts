import { randomFillSync } from 'node:crypto';

const BYTES = 16;
const pool = Buffer.allocUnsafe(256 * BYTES);
let used = pool.length;

/** 128 random bits as text. They are drawn 256 at a time: each call of the system costs. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString('base64url', used, used + BYTES);
  pool.fill(0, used, used + BYTES);
  used += BYTES;
  return id;
}
