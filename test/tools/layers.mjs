/**
 * The lint rule between the layers of src/:
 * elements → core → drivers/driver.ts, and nothing but its loader imports a concrete driver.
 */
import path from 'node:path';
import { root } from './process.mjs';

const src = path.join(root, 'src');
/** What several drivers use. */
const SHARED = 'drivers/shared/';
const PUBLIC = ['lit', '@lit/'];
const COMMON = [
  'core/errors',
  'core/async',
  'core/logger',
  'core/locales',
  'protocol/',
  'drivers/driver',
  'drivers/registry',
  SHARED,
];

/**
 * For each folder, the longest that matches: what it may import from src (`from`), only as types
 * (`types`), and from packages (`packages`; node: for Node's own).
 */
const LAYERS = {
  '': { from: ['*'], packages: PUBLIC },
  'elements/': {
    from: [
      'elements/',
      'context/',
      'events/',
      'core/',
      'texts',
      'icons',
      'room-texts',
      'room-icons',
      'drivers/registry',
    ],
    types: ['drivers/driver'],
    packages: PUBLIC,
  },
  'context/': { from: ['context/', 'events/', 'core/'], types: ['elements/'], packages: PUBLIC },
  'events/': { from: ['events/'], types: ['core/', 'drivers/driver', 'elements/'], packages: [] },
  'core/': { from: ['core/', 'drivers/driver', 'drivers/registry'], packages: [] },
  'drivers/': {
    from: ['drivers/driver', 'drivers/registry', 'core/errors', 'loader'],
    packages: [],
  },
  'protocol/': { from: ['protocol/'], types: ['drivers/driver'], packages: ['valibot'] },
  'server/': {
    from: ['server/', 'protocol/'],
    types: ['drivers/driver'],
    packages: ['node:', 'ws', 'jose', 'valibot', 'prom-client', 'livekit-server-sdk'],
  },
};

/** A concrete driver sees itself, and what all drivers share. */
function layerOf(file) {
  const driver = /^drivers\/(\w+)\//.exec(file)?.[0];
  if (driver === SHARED) return { from: COMMON, packages: [] };
  if (driver) {
    return { from: [driver, ...COMMON], packages: ['livekit-client', 'trtc-js-sdk', 'qnweb-rtc'] };
  }
  const folder = Object.keys(LAYERS)
    .filter((each) => file.startsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  return LAYERS[folder];
}

const imports = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      layer: '{{file}} may not import {{target}}: see the layers in CONTRIBUTING.md.',
      types: '{{file}} may import only types of {{target}}: write `import type`.',
      extension: 'Name the module with its extension: {{target}}.js.',
    },
  },
  create(context) {
    const file = path.relative(src, context.filename).replaceAll('\\', '/');
    const layer = layerOf(file);

    function check(node, typesOnly) {
      const name = node.source?.value;
      if (typeof name !== 'string') return;
      if (!name.startsWith('.')) return checkPackage(node, name);
      if (!name.endsWith('.js')) return report(node, 'extension', name);
      const target = path
        .relative(src, path.resolve(path.dirname(context.filename), name))
        .replaceAll('\\', '/')
        .replace(/\.js$/, '');
      const driver = /^drivers\/\w+\//.exec(target)?.[0];
      // bundle.ts says only in which order all that comes anyway stands.
      const own = file === 'bundle.ts' || (driver && file.startsWith(driver));
      const foreign = driver && driver !== SHARED && !own && !target.endsWith('/loader');
      if (foreign && !typesOnly) return report(node, 'layer', target);
      if (matches(layer.from, target)) return;
      if (!matches(layer.types ?? [], target)) report(node, 'layer', target);
      else if (!typesOnly) report(node, 'types', target);
    }

    function checkPackage(node, name) {
      const allowed = layer.packages.some(
        (each) =>
          name === each ||
          name.startsWith(each.endsWith(':') || each.endsWith('/') ? each : `${each}/`),
      );
      if (!allowed) report(node, 'layer', name);
    }

    function report(node, messageId, target) {
      context.report({ node, messageId, data: { file, target } });
    }

    const typesOnly = (node) =>
      node.importKind === 'type' ||
      (node.specifiers.length > 0 && node.specifiers.every((each) => each.importKind === 'type'));

    return {
      ImportDeclaration: (node) => check(node, typesOnly(node)),
      ExportNamedDeclaration: (node) => check(node, node.exportKind === 'type'),
      ExportAllDeclaration: (node) => check(node, node.exportKind === 'type'),
      ImportExpression: (node) => check(node, false),
      TSImportType: (node) =>
        check({ ...node, source: node.source ?? node.argument?.literal }, true),
    };
  },
};

/** `loader` stands for any driver's loader. */
function matches(allowed, target) {
  return allowed.some(
    (each) =>
      each === '*' ||
      (each === 'loader'
        ? /^drivers\/\w+\/loader$/.test(target)
        : each.endsWith('/')
          ? target.startsWith(each)
          : target === each),
  );
}

export const layers = { rules: { imports } };
