import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** How often each of a few things has happened; counted when it is asked for. */
class Tally {
  #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  /** What came since the last time. */
  take(): Map<string, number> {
    const counts = this.#counts;
    this.#counts = new Map();
    return counts;
  }
}

/** What is told of the server as it runs; never a room or a user, whose number has no bound. */
export class Metrics {
  readonly contentType: string;
  /** `result`: `ok`, or the code of the refusal. */
  readonly joins: Tally;
  readonly resumes: Tally;
  readonly left: Tally;
  /** Messages taken from clients. */
  readonly messages: Tally;
  /** Connections that were refused or ended for what they did. */
  readonly refused: Tally;
  #registry = new Registry();
  #processes = false;

  constructor(size: () => { rooms: number; sessions: number; sockets: number }) {
    const registers = [this.#registry];
    this.contentType = this.#registry.contentType;
    for (const [kind, help] of [
      ['rooms', 'Rooms open now'],
      ['sessions', 'Sessions in them'],
      ['sockets', 'WebSockets open now, joined or not'],
    ] as const) {
      new Gauge({
        name: `rtc_${kind}`,
        help,
        registers,
        collect() {
          this.set(size()[kind]);
        },
      });
    }
    const counter = (name: string, help: string, label: string): Tally => {
      const tally = new Tally();
      new Counter({
        name: `rtc_${name}_total`,
        help,
        labelNames: [label],
        registers,
        collect() {
          for (const [what, times] of tally.take()) this.inc({ [label]: what }, times);
        },
      });
      return tally;
    };
    this.joins = counter('joins', 'Joins asked for', 'result');
    this.resumes = counter('resumes', 'Resumes asked for', 'result');
    this.left = counter('left', 'Sessions that ended', 'reason');
    this.messages = counter('messages', 'Messages taken from clients', 'type');
    this.refused = counter('refused', 'Connections refused or ended by a limit', 'reason');
  }

  /** In Prometheus's text format. */
  text(): Promise<string> {
    // Its observers cost a little all the time: not before somebody asks.
    if (!this.#processes) collectDefaultMetrics({ register: this.#registry });
    this.#processes = true;
    return this.#registry.metrics();
  }
}
