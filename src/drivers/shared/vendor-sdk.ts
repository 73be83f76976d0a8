import { settle } from '../../core/async.js';
import { RtcError } from '../../core/errors.js';

/** A vendor's SDK that is not in our bundle: where it may be, and how to tell that it is it. */
export interface VendorSdk<T> {
  provider: string;
  /** The npm package, as messages name it. */
  packageName: string;
  /** The global that the SDK's script defines, such as `TRTC`. */
  globalName: string;
  /** `() => import('the-package')`: the bundler, or an import map, knows where it is. */
  load(): Promise<unknown>;
  is(value: unknown): value is T;
}

/** After `import('the-package')`, in plain sight: then a bundler that does not find it only warns. */
export const rethrow = (cause: unknown): never => {
  throw cause;
};

export interface SdkSource {
  sdkUrl?: string;
  sdkIntegrity?: string;
}

/** By address: two rooms that join at once load the SDK once. */
const scripts = new Map<string, Promise<void>>();

/**
 * The vendor's SDK: the page's global, else the script at `sdk-url`, else the npm package.
 * @throws RtcError `sdk-missing` when there is none, `argument` for a bad `sdk-url`, `network`
 * when it does not load, `aborted`
 */
export async function loadVendorSdk<T>(
  sdk: VendorSdk<T>,
  { sdkUrl, sdkIntegrity }: SdkSource,
  signal: AbortSignal,
): Promise<T> {
  const present = fromPage(sdk);
  if (present) return present;
  if (!sdkUrl) return settle(fromPackage(sdk), { signal });
  await settle(fromScript(sdk, sdkUrl, sdkIntegrity), { signal });
  const loaded = fromPage(sdk);
  if (loaded) return loaded;
  throw missing(
    sdk,
    `The script at ${sdkUrl} does not define window.${sdk.globalName}. Set sdk-url to the script build of ${sdk.packageName}.`,
  );
}

function fromPage<T>(sdk: VendorSdk<T>): T | undefined {
  return find(sdk, (globalThis as Record<string, unknown>)[sdk.globalName]);
}

async function fromPackage<T>(sdk: VendorSdk<T>): Promise<T> {
  let module: unknown;
  try {
    module = await sdk.load();
  } catch (cause) {
    // The browsers' and Node's words for "nobody knows this package".
    if (/specifier|resolve|cannot find/i.test(String(cause))) throw missing(sdk, undefined, cause);
    throw new RtcError('network', `${sdk.packageName} cannot be loaded. It is tried again.`, {
      provider: sdk.provider,
      cause,
    });
  }
  // A script build that an import map names defines its global, as in a script element.
  const found = find(sdk, module) ?? fromPage(sdk);
  if (!found) throw missing(sdk);
  return found;
}

/** The SDK itself, or the default export that one or two layers of interop wrap it in. */
function find<T>(sdk: VendorSdk<T>, value: unknown): T | undefined {
  for (let depth = 0; depth < 3 && value; depth++) {
    if (sdk.is(value)) return value;
    value = (value as { default?: unknown }).default;
  }
  return undefined;
}

function fromScript<T>(sdk: VendorSdk<T>, sdkUrl: string, integrity?: string): Promise<void> {
  const { provider } = sdk;
  const url = URL.canParse(sdkUrl, document.baseURI) && new URL(sdkUrl, document.baseURI);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new RtcError('argument', `sdk-url: “${sdkUrl}” is no http or https address.`, {
      provider,
    });
  }
  if (url.origin !== location.origin && !integrity) {
    throw new RtcError(
      'argument',
      `sdk-url is at another origin: set sdk-integrity to the script's SRI hash (sha384-…), or serve ${sdk.packageName} from ${location.origin}.`,
      { provider },
    );
  }
  const key = `${url.href} ${integrity ?? ''}`;
  let loading = scripts.get(key);
  if (!loading) {
    loading = insert(sdk, url.href, integrity);
    scripts.set(key, loading);
    loading.catch(() => scripts.delete(key));
  }
  return loading;
}

function insert<T>(sdk: VendorSdk<T>, url: string, integrity = ''): Promise<void> {
  const { provider, packageName } = sdk;
  const script = document.createElement('script');
  script.crossOrigin = 'anonymous';
  script.integrity = integrity;
  return new Promise((resolve, reject) => {
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => {
      script.remove();
      reject(
        new RtcError(
          'network',
          `${packageName} cannot be loaded from ${url}. Check sdk-url, sdk-integrity, that the server allows CORS, and the page's script-src. It is tried again.`,
          { provider },
        ),
      );
    });
    try {
      setSource(script, url, `rtc-elements-${provider}`);
    } catch (cause) {
      throw missing(
        sdk,
        `The page's Trusted Types keep ${packageName} from loading. Add rtc-elements-${provider} to its trusted-types directive, or load the SDK with a script element.`,
        cause,
      );
    }
    document.head.append(script);
  });
}

interface Policy {
  createScriptURL(url: string): string;
}

interface TrustedTypes {
  createPolicy(name: string, rules: Policy): Policy;
}

/** By name: a page may allow each name once only. */
const policies = new Map<string, Policy>();

/** @throws TypeError when the page enforces Trusted Types and allows no policy of this name */
function setSource(script: HTMLScriptElement, url: string, policyName: string): void {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  let policy = policies.get(policyName);
  try {
    policy ??= trustedTypes?.createPolicy(policyName, { createScriptURL: (wanted) => wanted });
  } catch {
    // Not allowed: then the page's default policy decides about the bare text.
  }
  if (policy) policies.set(policyName, policy);
  script.src = policy?.createScriptURL(url) ?? url;
}

function missing<T>(sdk: VendorSdk<T>, message?: string, cause?: unknown): RtcError {
  const { provider, packageName, globalName } = sdk;
  return new RtcError(
    'sdk-missing',
    message ??
      `provider="${provider}" needs the SDK ${packageName}, and it is not on this page. Install it (npm install ${packageName}) when a bundler builds the page; else set sdk-url to its script, or load that script before the room joins, so that it defines window.${globalName}.`,
    { provider, cause },
  );
}
