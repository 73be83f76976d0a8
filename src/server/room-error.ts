import type { EndedReason, ErrorCode, WireError } from '../protocol/messages.js';

/** A refusal of the room server, as it is sent to the client. */
export class RoomError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly ended?: EndedReason,
  ) {
    super(message);
  }

  toWire(): WireError {
    const { code, message, ended } = this;
    return { code, message, ...(ended && { ended }) };
  }
}

/** Another server that this one asks (LiveKit) does not answer as it should. Tried again by clients. */
export class UpstreamError extends Error {}
