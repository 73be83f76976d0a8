/** Something that wants to know its size in CSS pixels. */
export interface Sized {
  sized(width: number, height: number): void;
  /** Before the frame is painted: only what is inside may change. */
  fitted?(size: DOMRectReadOnly): void;
}

let observer: ResizeObserver | undefined;

const owners = new WeakMap<Element, Sized>();
const due = new Map<Element, DOMRectReadOnly>();

/** A frame later: what is sized in the observer's own callback is an error event on the window. */
function tell(): void {
  for (const [target, { width, height }] of due) {
    if (target.isConnected) owners.get(target)?.sized(width, height);
  }
  due.clear();
}

/** One observer for all: hundreds of tiles come and go. */
function shared(): ResizeObserver {
  return (observer ??= new ResizeObserver((entries) => {
    if (!due.size) requestAnimationFrame(tell);
    for (const { target, contentRect } of entries) {
      due.set(target, contentRect);
      owners.get(target)?.fitted?.(contentRect);
    }
  }));
}

export function observeSize(target: Element, owner: Sized): void {
  owners.set(target, owner);
  shared().observe(target);
}

export const unobserveSize = (target: Element): void => shared().unobserve(target);
