/** Something that wants to know its size in CSS pixels. */
export interface Sized extends Element {
  sized(width: number, height: number): void;
}

let observer: ResizeObserver | undefined;

/** One observer for all: hundreds of tiles come and go. */
function shared(): ResizeObserver {
  return (observer ??= new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      (target as Sized).sized(contentRect.width, contentRect.height);
    }
  }));
}

export const observeSize = (element: Sized): void => shared().observe(element);
export const unobserveSize = (element: Sized): void => shared().unobserve(element);
