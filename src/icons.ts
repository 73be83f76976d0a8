/**
 * Icons of Lucide 1.62 (https://lucide.dev), ISC Licence, © Lucide Icons and Contributors;
 * `leave` comes from Feather, MIT Licence, © 2013–present Cole Bemis.
 * Both licences ask that this notice stays with the paths. One decimal: at 20 px nobody sees a second.
 */
import { html, type TemplateResult } from 'lit';
import type { roomIcons } from './room-icons.js';

/** `room-icons.ts` has those that a room needs first. */
const idle = {
  mic: 'M12 19v3M19 10v2a7 7 0 0 1-14 0v-2M12 2a3 3 0 0 1 3 3v7a3 3 0 0 1-6 0V5a3 3 0 0 1 3-3z',
  'mic-off':
    'M12 19v3M15 9.3V5a3 3 0 0 0-5.7-1.3M17 17A7 7 0 0 1 5 12v-2M18.9 13.2A7 7 0 0 0 19 12v-2M2 2l20 20M9 9v3a3 3 0 0 0 5.1 2.1',
  video:
    'm16 13 5.2 3.5a.5.5 0 0 0 .8-.4V7.9a.5.5 0 0 0-.8-.4L16 10.5M4 6h10a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2z',
  'video-off':
    'M10.7 6H14a2 2 0 0 1 2 2v2.5l5.2-3a.5.5 0 0 1 .8.4v8.2M16 16a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h2M2 2l20 20',
  screen:
    'm9 10 3-3 3 3M12 13V7M4 3h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM12 17v4M8 21h8',
  leave: 'm16 17 5-5-5-5M21 12H9M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4',
  user: 'M19 21v-2a4 4 0 0 0-4-4H9a4 4 0 0 0-4 4v2M8 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0',
  spinner: 'M21 12a9 9 0 1 1-6.2-8.6',
};

export type IconName = keyof typeof idle | keyof typeof roomIcons;

const paths: Partial<Record<IconName, string>> = idle;

/** The drawings that come with the core. */
export function addIcons(more: typeof paths): void {
  Object.assign(paths, more);
}

/** A 24-unit line drawing in the text colour, hidden from assistive technology. */
export function icon(name: IconName): TemplateResult {
  return html`<svg viewBox="0 0 24 24" class=${name} aria-hidden="true">
    <path d=${paths[name] ?? ''} />
  </svg>`;
}
