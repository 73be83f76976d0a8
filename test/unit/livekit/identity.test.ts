import { expect } from '@open-wc/testing';
import type { JoinRequest } from '../../../src/drivers/driver.js';
import { RtcError } from '../../../src/core/errors.js';
import { addressesOf } from '../../../src/drivers/livekit/addresses.js';
import {
  metadataOf,
  roleOf,
  userDataOf,
  userIdOf,
  userIdOfIdentity,
} from '../../../src/drivers/livekit/identity.js';
import { LivekitClient } from '../../../src/drivers/livekit/client.js';
import { livekit } from '../../../src/drivers/livekit/index.js';
import { decode, encode } from '../../../src/drivers/livekit/messages.js';
import { administers, grantOf, roomOf } from '../../../src/drivers/livekit/permission.js';

const who = (identity: string, attributes = {}): string => userIdOf({ identity, attributes });
const { signal } = new AbortController();
const request = (token: string): JoinRequest => ({
  credentials: { token },
  role: 'anchor',
  userData: '',
  publications: [],
  subscribe: { audio: true, video: true },
});
const config = { roomId: 'r', mode: 'live', link: false } as const;

describe('livekit: identities', () => {
  it('takes a user by the identity', () => {
    expect(who('alice')).to.equal('alice');
  });

  it('takes a link for its user, announced or not', () => {
    expect(who('alice~link~0a1b2c3d', { 'rtc.user': 'alice' })).to.equal('alice');
    expect(who('alice~link~0a1b2c3d')).to.equal('alice');
    expect(userIdOfIdentity('alice~link~0a1b2c3d')).to.equal('alice');
  });

  it('keeps an id that only looks like a link when the token says so', () => {
    expect(who('a~link~0a1b2c3d', { 'rtc.user': 'a~link~0a1b2c3d' })).to.equal('a~link~0a1b2c3d');
  });

  it('does not believe an attribute that names somebody else', () => {
    expect(who('mallory', { 'rtc.user': 'alice' })).to.equal('mallory');
    expect(who('mallory~link~0a1b2c3d', { 'rtc.user': 'alice' })).to.equal('mallory');
  });

  it('leaves ids alone that end otherwise', () => {
    for (const id of ['a~link~', 'a~link~0a1b2c3', 'a~link~0A1B2C3D', 'a~link~0a1b2c3d4']) {
      expect(who(id)).to.equal(id);
    }
  });

  it('tells the role by what may be published', () => {
    const permissions = { canPublish: true } as never;
    expect(roleOf({ permissions })).to.equal('anchor');
    expect(roleOf({ permissions: undefined })).to.equal('audience');
  });

  it('says that there is no user data in a way that LiveKit takes', () => {
    expect(metadataOf('')).to.not.equal('');
    expect(userDataOf({ metadata: metadataOf('') })).to.equal('');
    expect(userDataOf({ metadata: metadataOf('Bob') })).to.equal('Bob');
    expect(userDataOf({ metadata: undefined })).to.equal('');
  });
});

describe('livekit: the grant of a token', () => {
  const token = (video: object): string => `x.${btoa(JSON.stringify({ video }))}.y`;

  it('is an anchor unless publishing is forbidden', () => {
    expect(grantOf(token({ canPublish: true }))).to.equal('anchor');
    expect(grantOf(token({}))).to.equal('anchor');
    expect(grantOf(token({ canPublish: false }))).to.equal('audience');
  });

  it('names the room, and says whether the user is a moderator', () => {
    expect(roomOf(token({ room: 'r' }))).to.equal('r');
    expect(administers(token({ roomAdmin: true }))).to.equal(true);
    expect(administers(token({}))).to.equal(false);
  });

  it('is unknown when the token cannot be read', () => {
    expect(grantOf('nonsense')).to.equal(undefined);
    expect(roomOf('nonsense')).to.equal(undefined);
    expect(administers('nonsense')).to.equal(false);
  });

  it('refuses to join another room than its own, before anything is connected', async () => {
    const options = { roomId: 'r', iceTransportPolicy: 'all' } as const;
    const client = new LivekitClient(['ws://127.0.0.1:1'], options, () => undefined);
    const error: unknown = await client
      .join(request(token({ room: 'other' })), signal)
      .catch((cause: unknown) => cause);
    expect(error).to.include({ code: 'auth' });
    expect((error as Error).message).to.contain('other');
  });
});

describe('livekit: addresses and options', () => {
  it('takes several, each once', () => {
    expect(addressesOf(' wss://a.example  ws://b:7880/x wss://a.example\n')).to.deep.equal([
      'wss://a.example',
      'ws://b:7880/x',
    ]);
  });

  for (const url of ['a.example', 'wss://a.example ftp://b.example']) {
    it(`refuses “${url}” in words`, () => {
      expect(() => livekit.createClient({ ...config, url, options: {} }, () => undefined))
        .to.throw(RtcError, /url/)
        .with.property('code', 'argument');
    });
  }

  it('waits for the token endpoint to name one, and then refuses to join nowhere', async () => {
    const client = livekit.createClient({ ...config, options: {} }, () => undefined);
    const error: unknown = await client.join(request('x'), signal).catch((cause: unknown) => cause);
    expect(error).to.include({ code: 'argument' });
    expect((error as Error).message).to.contain('url');
  });

  it('refuses another iceTransportPolicy', () => {
    const options = { iceTransportPolicy: 'none' };
    expect(() => livekit.createClient({ ...config, url: 'wss://a', options }, () => undefined))
      .to.throw(RtcError, /relay/)
      .with.property('code', 'argument');
  });
});

describe('livekit: messages', () => {
  it('come out as they went in', () => {
    const text = 'Grüße 中文 🎥';
    const message = decode(encode(text));
    expect(message?.data).to.equal(text);
    expect(message?.id).to.match(/^[0-9a-f-]{36}$/);
    expect(Date.now() - (message?.timestamp ?? 0)).to.be.within(0, 5_000);
  });

  it('are refused when too long', () => {
    expect(() => encode('x'.repeat(16_385)))
      .to.throw(RtcError, /16384/)
      .with.property('code', 'argument');
  });

  it('are none when somebody else wrote them', () => {
    for (const text of ['', 'hello', '{}', '{"id":1,"data":"x","timestamp":1}', 'null']) {
      expect(decode(new TextEncoder().encode(text)), text).to.equal(null);
    }
  });
});
