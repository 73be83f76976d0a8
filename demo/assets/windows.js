/** Links marked `data-window` open a window of their own, side by side, where a browser lets them. */
let opened = 0;

export function openWindows(root) {
  root.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-window]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const left = Math.max(0, screen.availWidth - 460 - (opened % 4) * 60);
    const top = (opened % 4) * 60;
    if (!window.open(link.href, '_blank', `popup,width=440,height=760,left=${left},top=${top}`))
      return;
    opened += 1;
    event.preventDefault();
  });
}
