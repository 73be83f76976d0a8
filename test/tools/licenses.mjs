/** A bundle's third parties: their licences go into a file of their own beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const LINE = `\n${'-'.repeat(72)}\n`;

/** @returns {import('rollup').Plugin} writes `NAME.licenses.txt` beside `NAME.js`; needs the source map */
export const licenses = () => ({
  name: 'licenses',
  generateBundle({ file }, bundle) {
    for (const { type, fileName, map } of Object.values(bundle)) {
      if (type !== 'chunk') continue;
      const texts = textsOf(map.sources.map((source) => path.resolve(path.dirname(file), source)));
      if (!texts.length) continue;
      const source = texts.join(LINE);
      this.emitFile({
        type: 'asset',
        fileName: `${path.parse(fileName).name}.licenses.txt`,
        source,
      });
    }
  },
});

/** What each package among these files asks to be handed on. */
function textsOf(files) {
  const packages = new Map();
  for (const file of files) {
    const [folder] = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(file) ?? [];
    if (folder) packages.set(folder, [...(packages.get(folder) ?? []), file]);
  }
  return [...packages].sort().map(([folder, inside]) => {
    const { name, version, license } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    );
    const texts = readdirSync(folder)
      .filter((each) => /^(licen[cs]e|notice)/i.test(each))
      .map((each) => readFileSync(path.join(folder, each), 'utf8').trim());
    return [`${name} ${version}: ${license}`, ...(texts.length ? texts : notices(inside))].join(
      '\n\n',
    );
  });
}

/** Of a package without a licence file: the different notices at the head of its modules. */
function notices(files) {
  const heads = files
    .filter((file) => existsSync(file))
    .map((file) => /^(?:\/\/.*\n)+|^\/\*[^]*?\*\//.exec(readFileSync(file, 'utf8'))?.[0].trim());
  return [...new Set(heads.filter((head) => head?.includes('Copyright')))];
}
