/** A node:test reporter: the totals of single tests as JSON, without suites and files. */
export default async function* counter(source) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const parts = data.details?.error?.failureType === 'subtestsFailed';
    if (data.details?.type === 'suite' || parts) continue;
    if (data.skip !== undefined || data.todo !== undefined) total.skipped += 1;
    else total[type === 'test:pass' ? 'passed' : 'failed'] += 1;
  }
  yield JSON.stringify(total);
}
