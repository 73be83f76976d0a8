import { nameOf, RtcError, textOf, type RtcErrorCode } from './errors.js';
import type { CaptureWish } from './types.js';

export type Device = 'microphone' | 'camera' | 'screen';

export interface Profile {
  width: number;
  height: number;
  frameRate: number;
}

/** Of the profiles that are named by their height; 16:9. */
const LINES = [120, 180, 240, 360, 480, 540, 720, 1080];
const PROFILE = /^(?:([1-9]\d+)p|(\d{2,4})x(\d{2,4})@(\d{1,3}))$/;

function read(profile: string): Profile | undefined {
  const numbers = PROFILE.exec(profile)?.map(Number) ?? [];
  // Three of these are NaN where the other form matched.
  const [, lines = 0, width = 0, height = 0, frameRate = 0] = numbers;
  if (LINES.includes(lines)) {
    return {
      width: 2 * Math.round((lines * 8) / 9),
      height: lines,
      frameRate: lines > 360 ? 30 : 15,
    };
  }
  return frameRate ? { width, height, frameRate } : undefined;
}

/**
 * `120p` … `1080p` are 16:9, at 15 frames per second up to `360p` and 30 above; else
 * `WIDTHxHEIGHT@FPS`.
 * @throws RtcError `argument`
 */
export function parseProfile(profile: string): Profile {
  const found = read(profile);
  if (found) return found;
  throw new RtcError(
    'argument',
    `profile must be ${LINES.join('p, ')}p or WIDTHxHEIGHT@FPS, not “${profile}”.`,
  );
}

/** What a shared screen is sent with. */
export const SCREEN: Profile = { width: 1920, height: 1080, frameRate: 15 };

/** As `parseProfile`, for what is captured already: what is no profile counts as the default. */
export function sizeOf(profile: string): Profile {
  return read(profile) ?? parseProfile('480p');
}

export function microphone({ audioProfile }: CaptureWish, id?: string): MediaTrackConstraints {
  const speech = audioProfile !== 'music';
  return {
    ...(id && { deviceId: { exact: id } }),
    echoCancellation: speech,
    noiseSuppression: speech,
    autoGainControl: speech,
    ...(!speech && { channelCount: 2 }),
  };
}

/** Sizes are wished for: the nearest that the camera has. @throws RtcError `argument` when the profile is none */
export function camera({ facingMode, profile }: CaptureWish, id?: string): MediaTrackConstraints {
  return {
    ...(id ? { deviceId: { exact: id } } : facingMode && { facingMode }),
    ...parseProfile(profile),
  };
}

/** @throws RtcError `insecure-context`, `unsupported` */
export function mediaDevices(): MediaDevices {
  // Absent in an insecure context, whatever the types say.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices && isSecureContext) return devices;
  throw new RtcError(
    'insecure-context',
    'Camera, microphone and screen need a secure page: serve it over https, or from localhost.',
  );
}

/** The user's choice of what to show. @throws RtcError `gesture-required`, `unsupported` and as the browser does */
export async function askForScreen(audio: boolean): Promise<MediaStream> {
  const devices = mediaDevices();
  // Phones have none of it, whatever the types say.
  if (!(devices.getDisplayMedia as unknown)) {
    throw new RtcError(
      'unsupported',
      'This browser cannot share its screen; use one on a desktop computer.',
    );
  }
  if ((navigator.userActivation as UserActivation | undefined)?.isActive === false) {
    throw new RtcError(
      'gesture-required',
      'Screen sharing must be started by a click or a key press: set “screen” in its handler.',
    );
  }
  return devices.getDisplayMedia({ video: true, audio });
}

const CODES: Record<string, RtcErrorCode> = {
  NotAllowedError: 'device-denied',
  SecurityError: 'device-denied',
  NotFoundError: 'device-missing',
  OverconstrainedError: 'device-missing',
  NotReadableError: 'device-busy',
  AbortError: 'device-busy',
};
/** Its name in a Permissions-Policy. */
const policyOf = (device: Device): string => (device === 'screen' ? 'display-capture' : device);

/** Why a device cannot be captured. */
export function codeOf(cause: unknown, device: Device): RtcErrorCode {
  if (cause instanceof RtcError) return cause.code;
  const code = CODES[nameOf(cause)] ?? 'unknown';
  return code === 'device-denied' && forbidden(policyOf(device)) ? 'permissions-policy' : code;
}

/** What the page is told when `devices` cannot be captured for one reason. */
export function captureError(code: RtcErrorCode, devices: Device[], cause: unknown): RtcError {
  if (cause instanceof RtcError) return cause;
  const what = devices.join(' and ');
  const allow = devices.map(policyOf).join('; ');
  const sentences: Partial<Record<RtcErrorCode, string>> = {
    'device-denied':
      what === 'screen'
        ? 'Screen sharing was cancelled or is not allowed. Start it again and choose what to share.'
        : `Access to the ${what} was denied. Allow it in the browser’s site settings (and the system’s), then try again.`,
    'permissions-policy': `This page may not use the ${what}: add allow="${allow}" to its iframe, or correct its Permissions-Policy header.`,
    'device-missing': `No such ${devices.join(' or ')} was found. Connect one, or choose another.`,
    'device-busy': `The ${what} did not start; another program may hold the device. Close that, then try again.`,
  };
  return new RtcError(code, sentences[code] ?? `The ${what} cannot be captured: ${textOf(cause)}`, {
    cause,
  });
}

interface Policy {
  allowsFeature(name: string): boolean;
}

function forbidden(feature: string): boolean {
  // Standard name and Chromium's; neither is in TypeScript's library.
  const page = document as { permissionsPolicy?: Policy; featurePolicy?: Policy };
  return (page.permissionsPolicy ?? page.featurePolicy)?.allowsFeature(feature) === false;
}
