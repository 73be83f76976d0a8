/** A reporter for @web/test-runner that ends with one line of totals, which test/run.mjs reads. */
export function countReporter() {
  return {
    stop({ sessions }) {
      const total = { passed: 0, failed: 0, skipped: 0 };
      for (const session of sessions) {
        // A file that could not be loaded has no tests, and must count.
        const before = total.failed;
        count(session.testResults, total);
        if (!session.passed && total.failed === before) total.failed += 1;
      }
      console.log(`unit: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    },
  };
}

function count(suite, total) {
  if (!suite) return;
  for (const test of suite.tests) {
    total[test.skipped ? 'skipped' : test.passed ? 'passed' : 'failed'] += 1;
  }
  for (const child of suite.suites) count(child, total);
}
