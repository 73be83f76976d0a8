/** Something that wants to know its size in CSS pixels. */
export interface Sized extends Element {
  sized(width: number, height: number): void;
}

let observer: ResizeObserver | undefined;

const due = new Map<Sized, DOMRectReadOnly>();

/** A frame later: what is sized in the observer's own callback is an error event on the window. */
function tell(): void {
  for (const [target, { width, height }] of due) {
    if (target.isConnected) target.sized(width, height);
  }
  due.clear();
}

/** One observer for all: hundreds of tiles come and go. */
function shared(): ResizeObserver {
  return (observer ??= new ResizeObserver((entries) => {
    if (!due.size) requestAnimationFrame(tell);
    for (const { target, contentRect } of entries) due.set(target as Sized, contentRect);
  }));
}

export const observeSize = (element: Sized): void => shared().observe(element);
export const unobserveSize = (element: Sized): void => shared().unobserve(element);
