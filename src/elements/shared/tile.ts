import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../../icons.js';

/** The first letters of the first two words; what stands in brackets is said beside the name. */
export function initials(name: string): string {
  return name
    .split(/[\s._-]+|\(.*/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('');
}

/** 0–359, the same for the same id on every page. */
export function hue(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** `user-data` when plain text, its `name` when JSON, else the user id. */
export function nameOf(userData: string, userId: string): string {
  try {
    const data: unknown = JSON.parse(userData);
    if (data && typeof data === 'object') {
      return ('name' in data && typeof data.name === 'string' && data.name.trim()) || userId;
    }
  } catch {
    // Not JSON: plain text.
  }
  return userData || userId;
}

/** What lies over the picture of a tile: one template of few elements, for hundreds come at once. */
export function renderTile({
  picture,
  name,
  muted,
  note,
  controls,
}: {
  picture: boolean;
  name: string;
  muted: string | false;
  note: unknown;
  controls?: boolean;
}): TemplateResult {
  return html`<div part="placeholder" ?hidden=${picture}>
      <slot name="placeholder"
        ><span class="face" aria-hidden="true">${initials(name) || icon('user')}</span></slot
      >
    </div>
    <div part="label" class=${controls ? 'topped' : ''} ?hidden=${!name && !muted}>
      ${muted ? html`<span part="badge" role="img" aria-label=${muted}>${icon('mic-off')}</span>` : nothing}
      <slot name="label">${name}</slot>
    </div>
    ${note}`;
}

/** Colours the initials; through the CSSOM, for a page's policy may forbid style attributes. */
export function tint(root: ParentNode, id: string): void {
  root.querySelector<HTMLElement>('.face')?.style.setProperty('--_hue', String(hue(id)));
}

/** What keeps a stream from being seen or heard. */
export function renderStatus(message?: string): unknown {
  return message
    ? html`<div part="status" role="alert">
        ${icon('alert')}
        <p part="message">${message}</p>
      </div>`
    : nothing;
}
