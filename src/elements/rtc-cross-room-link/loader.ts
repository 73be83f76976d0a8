import type * as links from '../../core/room-link.js';

/** Only pages with a link load what makes it. */
export const loadLinks = (): Promise<typeof links> => import('../../core/room-link.js');
