/** @param {number[]} values @returns {{ median: number, min: number, max: number, n: number }} */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const last = sorted.length - 1;
  return {
    median: (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2,
    min: sorted[0],
    max: sorted.at(-1),
    n: sorted.length,
  };
}
