import { expect } from '@open-wc/testing';
import { log, setLogLevel, type LogLevel } from '../../../src/core/logger.js';

describe('logger', () => {
  const { warn, debug } = console;
  let written: unknown[][] = [];

  beforeEach(() => {
    written = [];
    for (const at of ['warn', 'debug'] as const)
      console[at] = (...what: unknown[]) => written.push([at, ...what]);
  });

  afterEach(() => {
    Object.assign(console, { warn, debug });
    setLogLevel('silent');
  });

  function writtenAt(level?: LogLevel): unknown[] {
    if (level) setLogLevel(level);
    log('warn', 'sending', 1);
    log('debug', 'leave');
    return written;
  }

  // The first: nothing has set a level before it.
  it('is silent until it is asked to speak', () => {
    expect(writtenAt()).to.deep.equal([]);
  });

  it('writes what is told at its level', () => {
    expect(writtenAt('warn')).to.deep.equal([['warn', '[rtc-elements]', 'sending', 1]]);
  });

  it('writes all for debugging', () => {
    expect(writtenAt('debug')).to.deep.equal([
      ['warn', '[rtc-elements]', 'sending', 1],
      ['debug', '[rtc-elements]', 'leave'],
    ]);
  });

  it('is silent again', () => {
    setLogLevel('debug');
    expect(writtenAt('silent')).to.deep.equal([]);
  });
});
