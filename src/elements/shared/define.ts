/** Registers an element unless the page has it already (two bundles on one page). */
export function define(tag: string, element: CustomElementConstructor): void {
  // In Node lit brings a registry of its own; there is nothing to register for.
  if (typeof document === 'undefined') return;
  if (!customElements.get(tag)) customElements.define(tag, element);
  // The Invoker Commands API, where a browser lacks it.
  if ('commandForElement' in HTMLButtonElement.prototype) return;
  void import('./commands.js').then(({ installCommands }) => installCommands());
}
