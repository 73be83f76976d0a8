/** What `custom-elements.json` is made of; see test/tools/check-manifest.mjs for what must be in it. */
export default {
  globs: ['src/**/*.ts'],
  exclude: ['src/server/**', 'src/protocol/**', 'src/drivers/**', 'src/bundle.ts'],
  outdir: '.',
  // Off: it takes every key of `static properties` for an attribute of that name, and breaks on what
  // is no object literal. Attributes stand in each class's comment.
  litelement: false,
  packagejson: false,
  plugins: [publicOnly(), distPaths()],
};

const attributeOf = (property) =>
  property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Leaves what a page author may use, and says which property an attribute belongs to. */
function publicOnly() {
  return {
    name: 'public-only',
    analyzePhase({ ts, node, moduleDoc }) {
      if (!ts.isClassDeclaration(node)) return;
      const declaration = moduleDoc.declarations?.find(({ name }) => name === node.name?.text);
      const internal = node.members
        .filter((member) => ts.getJSDocTags(member).some((tag) => tag.tagName.text === 'internal'))
        .map((member) => member.name?.getText());
      // An `override` of a name that is not public in the class above is not public either.
      const inherited = node.members
        .filter((member) =>
          member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.OverrideKeyword),
        )
        .map((member) => member.name?.getText());
      if (!declaration?.members) return;
      declaration.members = declaration.members.filter(
        ({ name }) => !internal.includes(name) && !inherited.includes(name),
      );
    },
    packageLinkPhase({ customElementsManifest }) {
      const elements = customElementsManifest.modules
        .flatMap(({ declarations = [] }) => declarations)
        .filter(({ customElement }) => customElement);
      const room = elements.find(({ tagName }) => tagName === 'rtc-room');
      for (const declaration of elements) {
        clean(declaration);
        // They inherit: what themes a room themes all that stands in it, and each of them alone.
        if (declaration.tagName) declaration.cssProperties ??= room?.cssProperties;
      }
    },
  };
}

function clean(declaration) {
  declaration.members = (declaration.members ?? []).filter(
    ({ name, privacy, static: isStatic }) =>
      !isStatic &&
      !/^[#_]|Callback$/.test(name) &&
      privacy !== 'private' &&
      privacy !== 'protected',
  );
  // Also observed ones of its own that are no wish: `id`.
  declaration.attributes = (declaration.attributes ?? []).filter(({ description }) => description);
  const fields = new Map(declaration.members.map((member) => [attributeOf(member.name), member]));
  for (const attribute of declaration.attributes) {
    const member = fields.get(attribute.name);
    if (!member) continue;
    attribute.fieldName = member.name;
    member.attribute = attribute.name;
    member.description ??= attribute.description;
  }
}

/** Paths are those of the package, not of the sources. */
function distPaths() {
  const built = (file) => file?.replace(/^\/?src\//, 'dist/').replace(/\.ts$/, '.js');
  return {
    name: 'dist-paths',
    packageLinkPhase({ customElementsManifest }) {
      const visit = (node) => {
        if (!node || typeof node !== 'object') return;
        for (const [key, value] of Object.entries(node)) {
          if ((key === 'path' || key === 'module') && typeof value === 'string')
            node[key] = built(value);
          else visit(value);
        }
      };
      visit(customElementsManifest);
    },
  };
}
