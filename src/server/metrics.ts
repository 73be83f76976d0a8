import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** What is told of the server as it runs; never a room or a user, whose number has no bound. */
export class Metrics {
  readonly contentType: string;
  /** `result`: `ok`, or the code of the refusal. */
  readonly joins: Counter<'result'>;
  readonly resumes: Counter<'result'>;
  readonly left: Counter<'reason'>;
  /** Messages taken from clients. */
  readonly messages: Counter<'type'>;
  /** Connections that were refused or ended for what they did. */
  readonly refused: Counter<'reason'>;
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
    const counter = <L extends string>(name: string, help: string, label: L): Counter<L> =>
      new Counter({ name: `rtc_${name}_total`, help, labelNames: [label], registers });
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
