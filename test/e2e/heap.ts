/** What a Chromium page really holds, after everything that can be collected was. */
import type { CDPSession } from 'playwright-core';

export async function collectGarbage(cdp: CDPSession): Promise<void> {
  for (let i = 0; i < 3; i += 1) await cdp.send('HeapProfiler.collectGarbage');
}

/**
 * Counts the objects that inherit from what the expression `prototype` gives, prototypes not among
 * them. @param which An expression about `it`: only those for which it is true.
 */
export async function countObjects(
  cdp: CDPSession,
  prototype: string,
  which = 'true',
): Promise<number> {
  const objectGroup = 'count';
  const { result } = await cdp.send('Runtime.evaluate', { expression: prototype, objectGroup });
  const { objects } = await cdp.send('Runtime.queryObjects', {
    prototypeObjectId: result.objectId ?? '',
    objectGroup,
  });
  const { result: answer } = await cdp.send('Runtime.callFunctionOn', {
    functionDeclaration: `function () {
      return this.filter((it) => !Object.hasOwn(it, 'constructor') && ${which}).length;
    }`,
    objectId: objects.objectId ?? '',
    returnByValue: true,
  });
  await cdp.send('Runtime.releaseObjectGroup', { objectGroup });
  return Number(answer.value);
}

/** How many listeners of each type the object has that the expression `target` gives. */
export async function listenersOf(
  cdp: CDPSession,
  target: string,
): Promise<Record<string, number>> {
  const { result } = await cdp.send('Runtime.evaluate', { expression: target });
  const { objectId } = result;
  if (!objectId) throw new Error(`${target} is no object`);
  const { listeners } = await cdp.send('DOMDebugger.getEventListeners', { objectId });
  await cdp.send('Runtime.releaseObject', { objectId });
  const counts: Record<string, number> = {};
  for (const { type } of listeners) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
