import { EngineEvent, type Room } from 'livekit-client';

/** Milliseconds. */
const PATIENCE = 1_000;

/** The statistics of the Room's peer connections. */
export async function statistics({ engine }: Room): Promise<RTCStatsReport[]> {
  // After a disconnect there is no engine, whatever its type says.
  const manager = (engine as Room['engine'] | undefined)?.pcManager;
  const reports = await Promise.all([
    manager?.publisher.getStats(),
    manager?.subscriber?.getStats(),
  ]);
  return reports.filter((report) => report !== undefined);
}

/**
 * Whether the node that carries the media answers: signalling may run through another one, which
 * answers pings by itself. So this asks for a change of nothing, which only that node can answer,
 * be it with a refusal.
 */
export async function asks({ engine }: Room): Promise<boolean> {
  const answered = new Set<number>();
  let look = (): void => undefined;
  const hear = ({ requestId }: { requestId: number }): void => {
    answered.add(requestId);
    look();
  };
  engine.on(EngineEvent.SignalRequestResponse, hear);
  try {
    const id = await engine.client.sendUpdateLocalMetadata('', '', {});
    return await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), PATIENCE);
      look = () => answered.has(id) && resolve(true);
      look();
    });
  } catch {
    return false;
  } finally {
    engine.off(EngineEvent.SignalRequestResponse, hear);
  }
}

/** @param flows Called when media can flow between this user and the node: now, or later. */
export function whenFlowing({ engine }: Room, flows: () => void): void {
  const { publisher, subscriber } = engine.pcManager ?? {};
  if ([publisher, subscriber].some((one) => one?.getConnectionState() === 'connected')) {
    flows();
    return;
  }
  const { Connected, Resumed, Restarted } = EngineEvent;
  for (const event of [Connected, Resumed, Restarted] as const) engine.once(event, flows);
}

/**
 * Notes the connections that a `connect()` makes: when it is refused, livekit-client 2.23 forgets
 * those of its first attempt without closing them.
 * @returns what closes them all, and what stops noting
 */
export function noteTransports(room: Room): { close(): void; done(): void } {
  // A Room that was connected before has none, or a closed one, until `connect()` makes it, by this
  // and out of sight.
  (room as unknown as { maybeCreateEngine(): void }).maybeCreateEngine();
  const { engine } = room;
  const made: { close(): void }[] = [];
  const note = (...transports: ({ close(): void } | undefined)[]): void => {
    made.push(...transports.filter((one) => one !== undefined));
  };
  engine.on(EngineEvent.TransportsCreated, note);
  return {
    close: () => {
      for (const transport of made) transport.close();
    },
    done: () => void engine.off(EngineEvent.TransportsCreated, note),
  };
}
