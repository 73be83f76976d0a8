import { createHmac } from 'node:crypto';

export const ACCESS_KEY = 'stand-in-access-key';
export const SECRET_KEY = 'stand-in-secret-key';
export const APP_ID = 'standinapp';

export interface Claims {
  appId: string;
  roomName: string;
  userId: string;
  expireAt: number;
  permission: string;
}

/** Verifies as Qiniu does: `accessKey:urlsafe(HMAC-SHA1(payload)):payload`. */
export function verify(token: string): Claims | null {
  const [accessKey, signature, payload = ''] = token.split(':');
  const expected = urlSafe(createHmac('sha1', SECRET_KEY).update(payload).digest('base64'));
  if (accessKey !== ACCESS_KEY || signature !== expected) return null;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  return claims.expireAt * 1000 > Date.now() ? claims : null;
}

/** For tests of what our own issuer never makes. */
export function issue(claims: Partial<Claims> & Pick<Claims, 'roomName' | 'userId'>): string {
  const whole: Claims = {
    appId: APP_ID,
    expireAt: Math.floor(Date.now() / 1000) + 3_600,
    permission: 'user',
    ...claims,
  };
  const payload = urlSafe(Buffer.from(JSON.stringify(whole)).toString('base64'));
  const signature = urlSafe(createHmac('sha1', SECRET_KEY).update(payload).digest('base64'));
  return `${ACCESS_KEY}:${signature}:${payload}`;
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
