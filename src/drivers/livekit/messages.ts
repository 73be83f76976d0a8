import { bad } from './errors.js';

export const TOPIC = 'rtc-elements';
const LIMIT = 16_384;

export interface Message {
  id: string;
  data: string;
  /** Milliseconds since 1970, by the sender's clock. */
  timestamp: number;
}

/** @throws RtcError `argument` */
export function encode(data: string): Uint8Array<ArrayBuffer> {
  if (data.length > LIMIT) {
    throw bad(`A message is at most ${LIMIT} characters; this has ${data.length}.`);
  }
  const message: Message = { id: crypto.randomUUID(), data, timestamp: Date.now() };
  return new TextEncoder().encode(JSON.stringify(message));
}

/** Null: it is not one of ours. */
export function decode(payload: Uint8Array): Message | null {
  try {
    const { id, data, timestamp } = JSON.parse(new TextDecoder().decode(payload)) as Partial<
      Record<keyof Message, unknown>
    >;
    return typeof id === 'string' && typeof data === 'string' && typeof timestamp === 'number'
      ? { id, data, timestamp }
      : null;
  } catch {
    return null;
  }
}
