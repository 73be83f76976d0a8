import { countReporter } from '/work/main/test/tools/count-reporter.mjs';
import { esbuildPlugin } from '@web/dev-server-esbuild';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { fileURLToPath } from 'node:url';
import { findBrowser } from '/work/main/test/tools/browser.mjs';


const { executablePath, args } = await findBrowser();

export default {
  files: 'test/unit/**/*.test.ts',
  nodeResolve: { exportConditions: ['browser', 'development'] },
  rootDir: fileURLToPath('file:///work/main/'),
  hostname: '127.0.0.1',
  plugins: [
    esbuildPlugin({
      ts: true,
      target: 'es2022',
      tsconfig: fileURLToPath('file:///work/main/tsconfig.json'),
    }),
  ],
  concurrency: 1,
  browsers: [
    chromeLauncher({
      launchOptions: { executablePath, args },
      // A page that is not the focused one is hidden: no animation frames, no video frames.
      async createPage({ context }) {
        const page = await context.newPage();
        const session = await page.createCDPSession();
        await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
        return page;
      },
    }),
  ],
  testFramework: { config: { timeout: 10_000, grep: process.env.RTC_TEST_NAME } },
  testsFinishTimeout: 460_000,
  coverageConfig: { include: ['src/**/*.ts'], reportDir: 'coverage' },
  reporters: [
    defaultReporter({ reportTestResults: true, reportTestProgress: false }), countReporter(),

  ],
};
