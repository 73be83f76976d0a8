import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

const built = new Map<boolean, Promise<SdkScript>>();

export interface SdkScript {
  text: string;
  /** For `sdk-integrity`. */
  integrity: string;
}

/**
 * The unchanged npm package as one classic script that defines `window.QNRTC`.
 * @param observed With what the stand-in needs in front of it; see observe.ts.
 */
export function sdkScript(observed: boolean): Promise<SdkScript> {
  let script = built.get(observed);
  if (!script) built.set(observed, (script = bundle(observed)));
  return script;
}

async function bundle(observed: boolean): Promise<SdkScript> {
  const observer = observed ? `import './observe.ts';` : '';
  const { outputFiles } = await build({
    stdin: {
      contents: `${observer} import QNRTC from 'qnweb-rtc'; globalThis.QNRTC = QNRTC;`,
      resolveDir: here,
    },
    bundle: true,
    // Our package.json calls all modules free of side effects but a few.
    ignoreAnnotations: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  const text = outputFiles[0]?.text ?? '';
  const hash = createHash('sha384').update(text).digest('base64');
  return { text, integrity: `sha384-${hash}` };
}
