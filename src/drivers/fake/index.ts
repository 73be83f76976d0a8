/**
 * A back end in memory, for tests of pages: deterministic, without network, clock or devices.
 *
 *     const backend = createFakeBackend();
 *     registerDriver('fake', backend.driver);
 *     // <rtc-room provider="fake" room-id="1" user-id="alice" joined></rtc-room>
 *     backend.addUser('1', 'bob').publish();
 */
import { FakeBackend, type FakeBackendOptions } from './backend.js';

export {
  FakeBackend,
  type FakeBackendOptions,
  type FakeFailure,
  type FakeStep,
} from './backend.js';
export { FakeClient, type FakeCapability } from './client.js';
export { FakeUser, type FakeUserOptions } from './user.js';
export type { TrackMaker } from './tracks.js';

export function createFakeBackend(options?: FakeBackendOptions): FakeBackend {
  return new FakeBackend(options);
}
