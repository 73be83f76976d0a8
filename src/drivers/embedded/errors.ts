import { RtcError, type RtcErrorCode } from '../../core/errors.js';
import { CLOSE, type WireError } from '../../protocol/messages.js';

const provider = 'embedded';

/** What the server refused; `vendorCode` names how an earlier stay ended, where that is why. */
export function fromWire({ code, message, ended }: WireError): RtcError {
  return new RtcError(ended ? 'forbidden' : code, message, { provider, vendorCode: ended ?? code });
}

/** What a socket that closed before the server's answer means. */
export function fromClose(vendorCode: number, url: string): RtcError {
  const [code, what]: [RtcErrorCode, string] =
    vendorCode === CLOSE.malformed
      ? ['join-failed', 'does not understand this page. Serve the same version of both.']
      : [
          'network',
          "cannot be reached. Check url, that it runs, and that it allows this page's origin.",
        ];
  return new RtcError(code, `The room server at ${url} ${what}`, { provider, vendorCode });
}

export function noRoute(userId: string): RtcError {
  return new RtcError(
    'network',
    `No sound or picture arrives from ${userId}: the network lets none through. Configure TURN on the room server. It is tried again.`,
    { provider },
  );
}

/** The server hangs up on who sends it what it forbids; so this is said before. */
export function checkText(what: string, text: string, limit: number): string {
  if (text.length > limit)
    throw bad(`${what} is at most ${limit} characters; this has ${text.length}.`);
  return text;
}

export function bad(message: string): RtcError {
  return new RtcError('argument', message, { provider });
}
