import type {
  default as Qnrtc,
  QNClientMode,
  QNClientRole,
  QNConnectionDisconnectedInfo,
  QNConnectionDisconnectedReason,
  QNConnectionState,
  QNCustomAudioTrack,
  QNCustomMessage,
  QNCustomVideoTrack,
  QNLogLevel,
  QNRemoteAudioTrack,
  QNRemoteVideoTrack,
  QNRTCClient,
  QNRTCConfig,
} from 'qnweb-rtc';
import type { ClientConfig } from '../driver.js';
import { loadVendorSdk, rethrow } from '../shared/vendor-sdk.js';

/** Its enums are taken as their texts: their values are in the SDK, which is not there at build time. */
export type Sdk = Omit<typeof Qnrtc, 'createClient' | 'setLogLevel'> & {
  createClient(): SdkClient;
  setLogLevel(level: `${QNLogLevel}`): void;
};

/** What qnweb-rtc 4.3.2 has and its declarations leave out. */
interface Replaceable {
  /** Sends another track in place of the present one; only while published. */
  setMediaStreamTrack(track: MediaStreamTrack): Promise<void>;
}
export type LocalTrack = (QNCustomAudioTrack | QNCustomVideoTrack) & Replaceable;

/**
 * Its classes extend `eventemitter3`, whose declarations have no default export for Node's module
 * resolution: so declared they have no events at all.
 */
interface Events<E extends object> {
  on<K extends keyof E>(event: K, listener: E[K]): unknown;
  off<K extends keyof E>(event: K, listener: E[K]): unknown;
  removeAllListeners(): unknown;
}

export type RemoteTrack = (QNRemoteAudioTrack | QNRemoteVideoTrack) &
  Events<{ 'mute-state-changed': (muted: boolean) => void }>;

export interface Disconnection extends Omit<QNConnectionDisconnectedInfo, 'reason'> {
  reason: `${QNConnectionDisconnectedReason}`;
}

export type SdkClient = Omit<QNRTCClient, 'setClientMode' | 'setClientRole'> &
  Events<{
    'connection-state-changed': (state: `${QNConnectionState}`, info?: Disconnection) => void;
    'user-joined': (userId: string, userData?: string) => void;
    'user-left': (userId: string) => void;
    'user-published': (userId: string, tracks: RemoteTrack[]) => void;
    'user-unpublished': (userId: string, tracks: RemoteTrack[]) => void;
    'message-received': (message: QNCustomMessage) => void;
  }> & {
    setClientMode(mode: `${QNClientMode}`): Promise<void>;
    setClientRole(role: `${QNClientRole}`): Promise<void>;
    /** Left out too: the signalling's `control={"command":"kickplayer"}`. */
    kickOutUser(userId: string): Promise<void>;
  };

/**
 * What the SDK has inside, and does not declare: looked at where it does not get by without. In a
 * version that has it not, what this mends is as the SDK has it.
 */
interface Signaling {
  /** There once it has asked to be let in. */
  ws?: WebSocket;
  /** Asks to be let in, over a socket that is given or made. */
  initWs(first?: boolean, socket?: WebSocket): Promise<never>;
  /** Each message of the server's, before it is acted on. */
  on?(event: 'receive', listener: (type: string, body: { playerid?: string }) => void): void;
}

/** Undefined until the servers have answered a join's first request, and after the stay. */
export function signalingOf(client: SdkClient): Signaling | undefined {
  return (client as unknown as { session?: { signaling?: Signaling } }).session?.signaling;
}

let configured = '';

/** @throws RtcError see `loadVendorSdk` */
export function loadSdk(config: ClientConfig, signal: AbortSignal): Promise<Sdk> {
  return loadVendorSdk<Sdk>(
    {
      provider: 'qiniu',
      packageName: 'qnweb-rtc',
      globalName: 'QNRTC',
      load: () => import('qnweb-rtc').catch(rethrow),
      is: (value): value is Sdk => typeof (value as Partial<Sdk>).createClient === 'function',
    },
    config,
    signal,
  );
}

/**
 * The SDK keeps one configuration for the page. It is told only of a change: telling it resets what
 * the clients that are there have.
 */
export function configure(sdk: Sdk, options: Required<QNRTCConfig>): void {
  const wanted = JSON.stringify(options);
  if (wanted === configured) return;
  configured = wanted;
  // Its log holds the tokens.
  sdk.setLogLevel('NONE');
  sdk.setConfig(options);
}
