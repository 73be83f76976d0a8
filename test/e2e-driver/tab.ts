/** A tab of either browser, asked as one asks Playwright's pages; nothing in here is a user gesture. */
import type { Tab } from '../e2e/browsers.js';
import { sleep, waitFor } from '../e2e/peer.js';

export class DriverPage {
  constructor(private readonly tab: Tab) {}

  async evaluate<R, A = undefined>(run: (arg: A) => R, arg?: A): Promise<Awaited<R>> {
    const text = arg === undefined ? '' : JSON.stringify(arg);
    // What `run` returns, by way of JSON.
    return (await this.tab.evaluate(`(${run.toString()})(${text})`)) as Awaited<R>;
  }

  waitForFunction<A = undefined>(
    what: (arg: A) => unknown,
    arg: A | undefined,
    { timeout }: { timeout: number },
  ): Promise<void> {
    return waitFor(
      what.toString(),
      async () => !!(await this.evaluate(what, arg)),
      undefined,
      timeout,
    );
  }

  waitForTimeout(ms: number): Promise<void> {
    return sleep(ms);
  }

  close(): Promise<void> {
    return this.tab.context.close();
  }
}
