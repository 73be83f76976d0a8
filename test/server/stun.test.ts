import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { answerBinding, StunServer } from '../../src/server/stun.js';
import { TestClock } from './fixtures.js';

// The transaction of RFC 5769's sample responses (2.2 and 2.3).
const ID = Buffer.from('2112a442b7e7a701bc34d686fa87dfae', 'hex');
const FROM = { address: '192.0.2.1', port: 32853 };

function request(attributes = '', type = '0001'): Buffer {
  const body = Buffer.from(attributes, 'hex');
  const head = Buffer.from(`${type}0000`, 'hex');
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, ID, body]);
}

describe('the STUN answer', () => {
  test('carries the IPv4 address of RFC 5769', () => {
    assert.equal(
      answerBinding(request(), FROM)?.toString('hex'),
      `0101000c${ID.toString('hex')}002000080001a147e112a643`,
    );
  });

  test('carries the IPv6 address of RFC 5769', () => {
    const from = { address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 };
    assert.equal(
      answerBinding(request(), from)?.toString('hex'),
      `01010018${ID.toString('hex')}002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9`,
    );
  });

  test('writes short, scoped and mapped IPv6 addresses out', () => {
    const told = (address: string): string | undefined =>
      answerBinding(request(), { address, port: 1 })?.subarray(20).toString('hex');
    assert.equal(told('::1'), told('0:0:0:0:0:0:0:1'));
    assert.equal(told('fe80::1%eth0'), told('fe80:0:0:0:0:0:0:1'));
    assert.equal(told('::ffff:192.0.2.1'), told('192.0.2.1'));
  });

  test('ignores optional attributes and credentials', () => {
    const software = '80220004' + Buffer.from('abcd').toString('hex');
    const username = '00060003' + Buffer.from('abc\0').toString('hex');
    assert.equal(answerBinding(request(software + username), FROM)?.readUInt16BE(), 0x0101);
  });

  test('refuses to answer elsewhere than where the request came from', () => {
    const changeRequest = '0003000400000006';
    assert.equal(
      answerBinding(request(changeRequest), FROM)?.toString('hex'),
      `01110010${ID.toString('hex')}0009000400000414000a000200030000`,
    );
  });

  test('is never more than twelve bytes longer than the request, over IPv4', () => {
    for (const attributes of ['', '0003000400000006', '000200040000000600050004ffffffff']) {
      const asked = request(attributes);
      assert.ok((answerBinding(asked, FROM)?.length ?? 0) <= asked.length + 12);
    }
  });

  for (const [what, packet] of [
    ['an empty packet', Buffer.alloc(0)],
    ['a packet cut short', request().subarray(0, 19)],
    ['a response', request('', '0101')],
    ['an indication', request('', '0011')],
    ['a TURN allocation', request('0019000411000000', '0003')],
    [
      'an old request without the cookie',
      Buffer.concat([Buffer.from('00010000', 'hex'), Buffer.alloc(16)]),
    ],
    ['a wrong length', Buffer.concat([request(), Buffer.alloc(4)])],
    ['an attribute that ends outside', request('800000ff')],
    ['half an attribute', request('8000')],
    ['a very long request', request('80220300' + '00'.repeat(0x300))],
  ] as const) {
    test(`there is none to ${what}`, () => {
      assert.equal(answerBinding(packet, FROM), null);
    });
  }

  test('there is none, and no crash, to 20,000 packets of noise', () => {
    for (let i = 0; i < 20_000; i += 1) {
      const noise = Buffer.from(Array.from({ length: i % 64 }, () => Math.random() * 256));
      assert.equal(answerBinding(noise, FROM), null);
    }
  });
});

describe('the STUN socket', () => {
  test('answers within limits, and again later', async () => {
    const clock = new TestClock();
    const stun = new StunServer(() => undefined, clock);
    const port = await stun.listen(0, '127.0.0.1');
    const socket = createSocket('udp4');
    let answers = 0;
    socket.on('message', (answer) => {
      assert.equal(answer.readUInt16BE(), 0x0101);
      answers += 1;
    });
    const flood = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        await new Promise((sent) => socket.send(request(), port, '127.0.0.1', sent));
        await new Promise(setImmediate);
      }
    };
    try {
      const [first] = await Promise.all([once(socket, 'message') as Promise<Buffer[]>, flood(1)]);
      assert.equal(
        first[0]?.readUInt16BE(24 + 2) ? first[0].readUInt16BE(24 + 2) ^ 0x2112 : 0,
        socket.address().port,
      );
      await flood(200);
      while (answers < 60) await once(socket, 'message');
      clock.turn(1_000);
      await flood(100);
      while (answers < 80) await once(socket, 'message');
      await flood(1);
      assert.equal(answers, 80);
    } finally {
      socket.close();
      stun.close();
    }
  });

  test('fails in words when the port is taken', async () => {
    const one = new StunServer(() => undefined);
    const two = new StunServer(() => undefined);
    const port = await one.listen(0, '127.0.0.1');
    await assert.rejects(two.listen(port, '127.0.0.1'), /EADDRINUSE/);
    one.close();
    two.close();
  });
});
