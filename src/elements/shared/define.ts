/** What a browser without the Invoker Commands API does not do by itself. */
function onClick(event: Event): void {
  for (const node of event.composedPath()) {
    if (!(node instanceof HTMLButtonElement) || node.disabled) continue;
    const command = node.getAttribute('command') ?? '';
    const id = node.getAttribute('commandfor');
    const root = node.getRootNode() as Document | ShadowRoot;
    const target = id && command.startsWith('--') && root.getElementById(id);
    if (target)
      target.dispatchEvent(
        Object.assign(new Event('command', { cancelable: true }), { command, source: node }),
      );
    return;
  }
}

let listening = false;

/** Registers an element unless the page has it already (two bundles on one page). */
export function define(tag: string, element: CustomElementConstructor): void {
  // In Node lit brings a registry of its own; there is nothing to register for.
  if (typeof document === 'undefined') return;
  if (!customElements.get(tag)) customElements.define(tag, element);
  if (listening || 'commandForElement' in HTMLButtonElement.prototype) return;
  listening = true;
  document.addEventListener('click', onClick);
}
