/** Only tests whose name matches are run. */
const narrowed = !!process.env.RTC_TEST_NAME;

/** A reporter for @web/test-runner that ends with one line of totals, which test/run.mjs reads. */
export function countReporter() {
  return {
    stop({ sessions }) {
      const total = { passed: 0, failed: 0, skipped: 0 };
      for (const session of sessions) {
        const { testResults, errors } = session;
        const before = total.failed;
        count(testResults, total);
        // A file that could not be loaded has no tests, and must count; so must a failure around
        // tests. Where names are to match, no file passes whole.
        const passed = narrowed ? testResults && !errors.length : session.passed;
        if (!passed && total.failed === before) total.failed += 1;
      }
      console.log(`unit: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    },
  };
}

function count(suite, total) {
  if (!suite) return;
  for (const test of suite.tests) {
    // Not run: its name does not match.
    if (narrowed && !test.passed && !test.error) continue;
    total[test.skipped ? 'skipped' : test.passed ? 'passed' : 'failed'] += 1;
  }
  for (const child of suite.suites) count(child, total);
}
