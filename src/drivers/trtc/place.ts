import type { ClientConfig, Credentials } from '../driver.js';
import { bad } from './errors.js';

/** The last number that is a numeric room. */
const LAST_ROOM = 4_294_967_294;

/** What a TRTC client is made for. */
export interface Place {
  sdkAppId: number;
  userId: string;
  userSig: string;
  useStringRoomId: boolean;
  roomId: number | string;
}

/** @throws RtcError `argument`, incomplete where a later attribute mends it */
export function placeOf(
  { appId, roomId, userId: wished }: ClientConfig,
  { token, userId = wished }: Credentials,
  strings: boolean,
): Place {
  if (!appId) throw bad('TRTC needs the number of its application: set app-id.', true);
  const sdkAppId = Number(appId);
  if (!Number.isInteger(sdkAppId) || sdkAppId < 1)
    throw bad(`app-id: “${appId}” is no TRTC application; it is a number such as 1400000000.`);
  if (!userId) throw bad('TRTC needs a user id: set user-id, or let token-url name it.', true);
  if (!token) throw bad('TRTC needs a userSig: set token or token-url.', true);
  const useStringRoomId = strings || !isNumeric(roomId);
  if (useStringRoomId && !/^[A-Za-z\d\s!#$%&()+\-:;<=.>?@[\]^_{}|~,]{1,64}$/.test(roomId)) {
    throw bad(
      'room-id: in TRTC a room is a number from 1 to 4294967294, or at most 64 letters, digits and punctuation characters.',
    );
  }
  return {
    sdkAppId,
    userId,
    userSig: token,
    useStringRoomId,
    roomId: useStringRoomId ? roomId : Number(roomId),
  };
}

function isNumeric(roomId: string): boolean {
  return /^[1-9]\d{0,9}$/.test(roomId) && Number(roomId) <= LAST_ROOM;
}
