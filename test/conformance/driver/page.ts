/**
 * The page of driver.test.ts: runs a case of the contract on a driver. Who may enter stands in the
 * page, in the attributes of `<rtc-room>` elements that nothing defines here.
 */
import { getToken } from '../../../src/core/token-source.js';
import { createFakeBackend } from '../../../src/drivers/fake/index.js';
import { driverLoaders } from '../../../src/drivers/registry.js';
import type { Capability } from '../backend.js';
import { contract } from './contract.js';
import { Desk, type Plug } from './user.js';

type Admit = Plug['admit'];

const admit: Admit = async (userId, userRole, reason, refused) => {
  const wanted = `rtc-room[user-id="${userId}"]${refused ? '[data-refused]' : ':not([data-refused])'}`;
  const element = document.querySelector(wanted);
  if (!element) throw new Error(`no ${wanted} in the page`);
  const attribute = (name: string): string | undefined => element.getAttribute(name) ?? undefined;
  const [provider = 'embedded', appId] = [attribute('provider'), attribute('app-id')];
  const credentials = await getToken(
    { token: attribute('token'), tokenUrl: attribute('token-url') },
    { provider, appId, roomId: attribute('room-id') ?? '', userId, userRole, reason },
    new AbortController().signal,
    () => undefined,
  );
  const config = {
    url: credentials.url ?? attribute('url'),
    appId: credentials.appId ?? appId,
    sdkUrl: attribute('sdk-url'),
    sdkIntegrity: attribute('sdk-integrity'),
    options: JSON.parse(attribute('driver-options') ?? '{}') as Record<string, unknown>,
  };
  return { config, credentials };
};

/** Each driver's own way in; any but these comes from the registry and the page's attributes. */
const plugs: Record<string, () => Omit<Plug, 'lacks'>> = {
  fake: () => ({
    driver: createFakeBackend().driver,
    admit: () => Promise.resolve({ config: {}, credentials: {} }),
  }),
};

async function runCase(name: string, title: string, lacks: readonly Capability[]): Promise<void> {
  const own = plugs[name]?.();
  const driver = own?.driver ?? (await driverLoaders.get(name)?.());
  const found = contract[title];
  if (!driver || !found) throw new Error(`there is no driver ${name}, or no case “${title}”`);
  const desk = new Desk({ driver, admit, ...own, lacks });
  try {
    await found.run(desk);
  } finally {
    await desk.end();
  }
}

declare global {
  interface Window {
    runCase: typeof runCase;
  }
}
window.runCase = runCase;
