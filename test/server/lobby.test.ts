import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { Lobby } from '../../src/server/lobby.js';
import { TestClock } from './fixtures.js';

const PATIENCE = 5_000;
const ADDRESS = '192.0.2.1';

describe('who has not joined yet', () => {
  const [alice, bob, carol] = [{ name: 'alice' }, { name: 'bob' }, { name: 'carol' }];
  let clock: TestClock;
  let late: string[];
  let lobby: Lobby<{ name: string }>;
  beforeEach(() => {
    clock = new TestClock();
    late = [];
    lobby = new Lobby(clock, PATIENCE, ({ name }) => late.push(name));
  });

  test('is counted by address until it leaves', () => {
    lobby.enter(alice, ADDRESS);
    lobby.enter(bob, ADDRESS);
    lobby.enter(carol, '192.0.2.2');
    lobby.leave(alice);
    lobby.leave(alice);
    assert.equal(lobby.count(ADDRESS), 1);
    assert.equal(lobby.count('192.0.2.2'), 1);
  });

  test('is late when its own time is over, each once', () => {
    lobby.enter(alice, ADDRESS);
    clock.turn(2_000);
    lobby.enter(bob, ADDRESS);
    clock.turn(2_999);
    assert.deepEqual(late, []);
    clock.turn(1);
    assert.deepEqual(late, ['alice']);
    clock.turn(1_999);
    assert.deepEqual(late, ['alice']);
    clock.turn(1);
    clock.turn(PATIENCE);
    assert.deepEqual(late, ['alice', 'bob']);
  });

  test('counts when it is late, until it has left', () => {
    lobby.enter(alice, ADDRESS);
    clock.turn(PATIENCE);
    assert.equal(lobby.count(ADDRESS), 1);
    lobby.leave(alice);
    assert.equal(lobby.count(ADDRESS), 0);
  });

  test('is not late once it has left, and who came after it is', () => {
    lobby.enter(alice, ADDRESS);
    clock.turn(1_000);
    lobby.enter(bob, ADDRESS);
    lobby.leave(alice);
    clock.turn(PATIENCE - 1);
    assert.deepEqual(late, []);
    clock.turn(1);
    assert.deepEqual(late, ['bob']);
  });

  test('needs one timer, and none when nobody waits', () => {
    lobby.enter(alice, ADDRESS);
    lobby.enter(bob, ADDRESS);
    assert.equal(clock.pending, 1);
    lobby.leave(alice);
    lobby.leave(bob);
    assert.equal(clock.pending, 0);
  });

  test('is not waited for any longer when the clock is set back', () => {
    let time = clock.now();
    let fire = (): void => undefined;
    const after = (_ms: number, run: () => void): (() => void) => {
      fire = run;
      return () => undefined;
    };
    lobby = new Lobby({ now: () => time, after }, PATIENCE, ({ name }) => late.push(name));
    lobby.enter(alice, ADDRESS);
    time -= 3_600_000;
    fire();
    assert.deepEqual(late, ['alice']);
  });
});
