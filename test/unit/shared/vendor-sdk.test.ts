import { expect } from '@open-wc/testing';
import { RtcError } from '../../../src/core/errors.js';
import {
  loadVendorSdk,
  type SdkSource,
  type VendorSdk,
} from '../../../src/drivers/shared/vendor-sdk.js';

interface Sdk {
  answer: number;
}
const globals = globalThis as Record<string, unknown>;

const sdk: VendorSdk<Sdk> = {
  provider: 'vendor',
  packageName: 'vendor-sdk',
  globalName: 'VendorSdk',
  load: () => Promise.reject(new TypeError('Failed to resolve module specifier "vendor-sdk"')),
  is: (value): value is Sdk => typeof (value as Partial<Sdk>).answer === 'number',
};
const { signal } = new AbortController();
const SCRIPT = new URL('./vendor-sdk.script.js', import.meta.url).href;

/** Another address of the same script each time: one that was loaded is not loaded again. */
let count = 0;
const fresh = (): string => `${SCRIPT}?${++count}`;

async function failure(source: SdkSource, given = sdk): Promise<RtcError> {
  try {
    await loadVendorSdk(given, source, signal);
  } catch (error) {
    if (error instanceof RtcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

async function integrityOf(url: string): Promise<string> {
  const bytes = await (await fetch(url)).arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-384', bytes));
  return `sha384-${btoa(String.fromCharCode(...digest))}`;
}

describe('the SDK of a vendor', () => {
  afterEach(() => {
    delete globals['VendorSdk'];
    for (const element of document.querySelectorAll('script[src*="vendor-sdk.script"]'))
      element.remove();
  });

  it('is the page’s global, before everything else', async () => {
    const present = (globals['VendorSdk'] = { answer: 1 });
    const found = await loadVendorSdk(sdk, { sdkUrl: 'https://other.example/sdk.js' }, signal);
    expect(found).to.equal(present);
  });

  it('is the script at sdk-url, before the package', async () => {
    const given = { ...sdk, load: () => Promise.resolve({ default: { answer: 2 } }) };
    expect((await loadVendorSdk(given, { sdkUrl: fresh() }, signal)).answer).to.equal(42);
  });

  it('is a script of the right hash', async () => {
    const sdkUrl = fresh();
    const sdkIntegrity = await integrityOf(sdkUrl);
    expect((await loadVendorSdk(sdk, { sdkUrl, sdkIntegrity }, signal)).answer).to.equal(42);
  });

  it('is loaded once for two rooms that join at once', async () => {
    const sdkUrl = fresh();
    await Promise.all([1, 2].map(() => loadVendorSdk(sdk, { sdkUrl }, signal)));
    expect(document.querySelectorAll(`script[src="${sdkUrl}"]`).length).to.equal(1);
  });

  it('is no script of another hash', async () => {
    const sdkIntegrity = await integrityOf(import.meta.url);
    const error = await failure({ sdkUrl: fresh(), sdkIntegrity });
    expect(error).to.include({ code: 'network', provider: 'vendor' });
    expect(globals['VendorSdk']).to.equal(undefined);
  });

  it('is asked for again after it could not be loaded', async () => {
    const sdkUrl = fresh();
    const sdkIntegrity = await integrityOf(import.meta.url);
    await failure({ sdkUrl, sdkIntegrity });
    await failure({ sdkUrl, sdkIntegrity });
    expect(document.querySelectorAll('script[src*="vendor-sdk.script"]').length).to.equal(0);
  });

  for (const [what, sdkUrl, pattern] of [
    ['another origin without a hash', 'https://other.example/sdk.js', /sdk-integrity/],
    ['an address that is none', 'http://[', /no http or https/],
    ['a data: address', 'data:text/javascript,', /no http or https/],
    ['a javascript: address', 'javascript:void 0', /no http or https/],
  ] as const) {
    it(`is not loaded from ${what}`, async () => {
      const error = await failure({ sdkUrl });
      expect(error.code).to.equal('argument');
      expect(error.message).to.match(pattern);
    });
  }

  it('is missing when the script defines something else', async () => {
    const error = await failure({ sdkUrl: fresh() }, { ...sdk, globalName: 'OtherSdk' });
    expect(error.code).to.equal('sdk-missing');
    expect(error.message).to.contain('does not define window.OtherSdk');
  });

  it('is the default export of its package, however it is wrapped', async () => {
    const package_ = (module: unknown): VendorSdk<Sdk> => ({
      ...sdk,
      load: () => Promise.resolve(module),
    });
    for (const module of [{ default: { answer: 3 } }, { default: { default: { answer: 3 } } }])
      expect((await loadVendorSdk(package_(module), {}, signal)).answer).to.equal(3);
  });

  it('is the global that its package defines', async () => {
    const load = (): Promise<unknown> => {
      globals['VendorSdk'] = { answer: 4 };
      return Promise.resolve({});
    };
    expect((await loadVendorSdk({ ...sdk, load }, {}, signal)).answer).to.equal(4);
  });

  it('is missing where nobody knows the package, and says how to bring it', async () => {
    const error = await failure({});
    expect(error.code).to.equal('sdk-missing');
    expect(error.message).to.match(/npm install vendor-sdk.*sdk-url.*window\.VendorSdk/);
  });

  it('is tried again when its package does not load', async () => {
    const load = (): Promise<unknown> =>
      Promise.reject(new TypeError('Failed to fetch dynamically imported module: http://x/y.js'));
    expect((await failure({}, { ...sdk, load })).code).to.equal('network');
  });

  it('is not waited for any more once aborted', async () => {
    const controller = new AbortController();
    const load = (): Promise<unknown> => new Promise(() => undefined);
    const loading = loadVendorSdk({ ...sdk, load }, {}, controller.signal);
    controller.abort();
    const error: unknown = await loading.catch((reason: unknown) => reason);
    expect((error as RtcError).code).to.equal('aborted');
  });
});
