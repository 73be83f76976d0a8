/** A strict page: nothing inline, no eval, Trusted Types enforced, no host but its own. */
import { assert, assertEverybodySees, caller, suite } from './harness.js';
import { assertError } from './refusals.js';

const e2e = suite();

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  'media-src blob:',
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  // The one policy that Lit makes; it creates nothing else.
  'trusted-types lit-html',
].join('; ');

e2e(
  'csp: a call works under a strict policy with Trusted Types, and no violation is reported',
  async (world) => {
    const reports: string[] = [];
    world.site.route('/csp', ({ body }) => {
      reports.push(body);
      return { status: 204 };
    });
    const headers = { 'content-security-policy': `${policy}; report-uri /csp` };
    const [alice, bob] = await Promise.all([
      world.open(
        'alice',
        caller(
          'alice',
          '8888',
          'controls',
          '<rtc-remote-stream user-id="bob" controls></rtc-remote-stream>',
        ),
        { headers },
      ),
      world.open('bob', caller('bob', '8888', 'controls'), { headers }),
    ]);
    await assertEverybodySees({ alice, bob });
    await Promise.all([alice.waitForSound(), bob.waitForSound()]);
    await alice.set('rtc-local-stream', 'video-muted', '');
    await bob.waitForEvent('rtc-mute-changed', { userId: 'alice', kind: 'video' });
    await alice.set('rtc-local-stream', 'video-muted', null);
    await bob.waitForFrames('user:alice');
    await alice.set('rtc-room', 'joined', null);
    await alice.waitForNothingLive();
    // The policy is in force: the page's own attempt is refused, and reported.
    assert.deepEqual(
      [await alice.eval(() => window.e2e.violations), await bob.eval(() => window.e2e.violations)],
      [[], []],
    );
    assert.deepEqual(reports, []);
    bob.expectNoise(/Content Security Policy|TrustedHTML/);
    const refused = await bob.eval(() => {
      try {
        document.body.innerHTML += '<b>no</b>';
        return false;
      } catch {
        return true;
      }
    });
    assert.equal(refused, true, 'Trusted Types are enforced');
  },
);

e2e('csp: a link, also one that fails, and the classic script violate nothing', async (world) => {
  const headers = { 'content-security-policy': policy };
  const link = 'rtc-cross-room-link';
  const page = (user: string, room: string, other: string): string =>
    caller(user, room, 'mode="live" controls', `<${link} room-id="${other}"></${link}>`);
  const [alice, bob] = await Promise.all([
    world.open('alice', page('alice', '1000', '2000'), { headers }),
    world.open('bob', page('bob', '2000', '1000'), {
      headers,
      bundle: '',
      head: '<script src="/rtc-elements.iife.js"></script>',
    }),
  ]);
  await assertEverybodySees({ alice, bob });
  for (const peer of [alice, bob]) {
    await peer.waitForAttr(link, 'link-state', 'linked');
    await peer.set(link, 'room-id', String(await peer.attr('rtc-room', 'room-id')));
    await assertError(peer, { code: 'argument', fatal: true }, link);
    assert.equal(await peer.attr(link, 'link-state'), 'failed');
  }
  assert.deepEqual(
    [await alice.eval(() => window.e2e.violations), await bob.eval(() => window.e2e.violations)],
    [[], []],
  );
});
