import { load } from './load.mjs';
import { summary } from './statistics.mjs';

const ROUNDS = 5;

/** The room server against a bare `ws` relay, each in a process of its own, in turn. */
export async function server() {
  const { serverLoad } = await load('server-load');
  const { ours, relay } = await serverLoad(ROUNDS);
  const pair = (key, target) => {
    const [mine, bare] = [ours, relay].map((all) => summary(all.map((one) => one[key])));
    return { ours: mine, raw: bare, ratio: mine.median / bare.median, target };
  };
  return {
    joins: pair('joins', 0.7),
    cpu: pair('cpu'),
    clients: pair('clients'),
    rss: pair('rss', 2),
    heap: pair('heap'),
    messages: pair('messages'),
    deliveries: pair('deliveries'),
  };
}

/** Hostile and malformed messages; throws when the server crashed, kept a socket or grew. */
export async function fuzzServer(total) {
  const { serverFuzz } = await load('server-load');
  const started = Date.now();
  const result = await serverFuzz(total);
  const { stuck, before, after } = result;
  const seconds = (Date.now() - started) / 1000;
  const grown = { heap: after.heap - before.heap, rss: after.rss - before.rss };
  if (stuck || after.rooms || after.sessions || grown.heap > 4e6 || grown.rss > 40e6)
    throw new Error(`The fuzzed server did not hold: ${JSON.stringify(result)}`);
  return { ...result, seconds, grown };
}
