import type {
  Client as ShippedClient,
  ClientConfig,
  LocalStream as ShippedLocalStream,
  RtcError as ShippedError,
  StreamConfig,
} from 'trtc-js-sdk';
import { loadVendorSdk, rethrow, type SdkSource, type VendorSdk } from '../shared/vendor-sdk.js';

export type { RemoteStream } from 'trtc-js-sdk';
export type LocalStream = ShippedLocalStream;

/** Declared with all four required; each is optional. */
export interface ProxyServer {
  websocketProxy?: string;
  loggerProxy?: string;
  scheduleProxy?: string;
  unifiedProxy?: string;
}

/** `privateMapKey` is declared deprecated; an application that checks rights needs it still. */
interface JoinOptions {
  roomId: number | string;
  role: 'anchor' | 'audience';
  privateMapKey?: string;
}

export interface NativeClient extends Omit<ShippedClient, 'setProxyServer' | 'join'> {
  setProxyServer(proxy: string | ProxyServer): void;
  join(options: JoinOptions): Promise<void>;
}

/** Undeclared: without it the SDK opens a device by itself when one of ours is unplugged. */
interface CustomSource extends StreamConfig {
  enableAutoRecoverCapture: false;
}

/** `getCode` is declared to answer a code that its type argument names; it takes none. */
export interface SdkError extends Omit<ShippedError, 'getCode'> {
  getCode(): number;
  /** Undeclared: the server's own code, 0 when there is none. */
  getExtraCode?(): number;
}

/**
 * What of the SDK's default export is used, with the above for what is wrong in it. Declared as a
 * module's default export and shipped as `module.exports`: where it is, resolvers do not agree.
 */
export interface Trtc {
  createClient(config: ClientConfig): NativeClient;
  createStream(config: CustomSource): LocalStream;
  Logger: {
    /** 5: nothing. */
    setLogLevel(level: 5): void;
    disableUploadLog(): void;
  };
}

const vendor: VendorSdk<Trtc> = {
  provider: 'trtc',
  packageName: 'trtc-js-sdk',
  globalName: 'TRTC',
  load: () => import('trtc-js-sdk').catch(rethrow),
  is: (value): value is Trtc => typeof (value as Partial<Trtc>).createClient === 'function',
};

/**
 * The SDK, silenced: it writes the userSig to the console, and would send it along with its log.
 * @throws RtcError `sdk-missing`, `argument`, `network`, `aborted`
 */
export async function loadTrtc(source: SdkSource, signal: AbortSignal): Promise<Trtc> {
  const trtc = await loadVendorSdk(vendor, source, signal);
  trtc.Logger.setLogLevel(5);
  trtc.Logger.disableUploadLog();
  return trtc;
}
