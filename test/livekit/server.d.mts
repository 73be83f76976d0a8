export const KEY: string;
export const SECRET: string;

export interface Missing {
  /** Why there is none, in a sentence. */
  missing: string;
}
export interface Running {
  readonly pid: number | undefined;
  readonly gone: Promise<unknown>;
  running(): boolean;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. */
  drain(): void;
}
export interface Node extends Running {
  readonly port: number;
  /** `ws:` */
  readonly url: string;
}
export interface LiveKitServer {
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  /** Started here; else it is the one of LIVEKIT_URL, and stays. */
  readonly own: boolean;
  readonly node?: Node;
  stop(): Promise<void>;
}

export function configuration(where: {
  port: number;
  udpPort: number;
  redis?: string;
}): Record<string, unknown>;
export function startLiveKit(options?: { build?: boolean }): Promise<LiveKitServer | Missing>;
export function startNode(
  binary: string,
  options?: { redis?: string; port?: number },
): Promise<Node>;
/** With a configuration of its own, in arguments or environment. */
export function startWith(
  binary: string,
  port: number,
  args: string[],
  env?: NodeJS.ProcessEnv,
): Promise<Node>;
export function freeUdpPort(): Promise<number>;
export function startRedis(): Promise<(Running & { address: string }) | Missing>;
