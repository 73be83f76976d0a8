import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

let built: Promise<SdkScript> | undefined;

export interface SdkScript {
  text: string;
  /** For `sdk-integrity`. */
  integrity: string;
}

/** The unchanged npm package as one classic script that defines `window.QNRTC`. */
export function sdkScript(): Promise<SdkScript> {
  built ??= bundle();
  return built;
}

async function bundle(): Promise<SdkScript> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import './observe.ts'; import QNRTC from 'qnweb-rtc'; globalThis.QNRTC = QNRTC;`,
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
