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

/** Called more than once, it listens once. */
export function installCommands(): void {
  document.addEventListener('click', onClick);
}
