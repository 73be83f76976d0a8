import { esbuildPlugin } from '@web/dev-server-esbuild';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { fileURLToPath } from 'node:url';
import { findBrowser } from './test/tools/browser.mjs';
import puppeteer from 'puppeteer-core';
import { countReporter } from './test/tools/count-reporter.mjs';
import { firefoxOptions } from './test/tools/firefox.mjs';

async function chromium() {
  const { executablePath, args } = await findBrowser();
  return chromeLauncher({
    launchOptions: { executablePath, args },
    // A page that is not the focused one is hidden: no animation frames, no video frames.
    async createPage({ context }) {
      const page = await context.newPage();
      const session = await page.createCDPSession();
      await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
      return page;
    },
  });
}

const firefox = () => chromeLauncher({ puppeteer, launchOptions: firefoxOptions() });

export default {
  files: 'test/unit/**/*.test.ts',
  nodeResolve: { exportConditions: ['browser', 'development'] },
  rootDir: fileURLToPath(new URL('.', import.meta.url)),
  hostname: '127.0.0.1',
  plugins: [
    esbuildPlugin({
      ts: true,
      target: 'es2022',
      tsconfig: fileURLToPath(new URL('./tsconfig.json', import.meta.url)),
    }),
  ],
  concurrency: 1,
  browsers: [process.env.RTC_BROWSER === 'firefox' ? firefox() : await chromium()],
  testFramework: { config: { timeout: 10_000, grep: process.env.RTC_TEST_NAME } },
  // A file of random sequences may look for 90 s, and then has to say what it found.
  testsFinishTimeout: 150_000,
  filterBrowserLogs: ({ args: [first] }) => !/^Lit is in dev mode/.test(String(first)),
  coverageConfig: { include: ['src/**/*.ts'], reportDir: 'coverage' },
  reporters: [
    defaultReporter({ reportTestResults: true, reportTestProgress: false }),
    countReporter(),
  ],
};
