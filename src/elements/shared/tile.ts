import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../../icons.js';

/** The first letters of the first two words. */
export function initials(name: string): string {
  return name
    .split(/[\s._-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => [...word][0]?.toUpperCase())
    .join('');
}

/** 0–359, the same for the same id on every page. */
export function hue(id: string): number {
  let hash = 7;
  for (const letter of id) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 3600;
  return hash % 360;
}

/** `user-data` when plain text, its `name` when JSON, else the user id. */
export function nameOf(userData: string, userId: string): string {
  try {
    const data: unknown = JSON.parse(userData);
    if (data && typeof data === 'object') {
      return 'name' in data && typeof data.name === 'string' ? data.name : userId;
    }
  } catch {
    // Not JSON: plain text.
  }
  return userData || userId;
}

/** What lies over and under the picture of a tile. */
export function renderTile(
  video: Element,
  {
    picture,
    name,
    muted,
    note,
    controls,
  }: { picture: boolean; name: string; muted: string | false; note: unknown; controls?: boolean },
): TemplateResult {
  return html`<div class="tile ${controls ? 'topped' : ''}">
    ${video}
    ${
      picture
        ? nothing
        : html`<div part="placeholder">
            <slot name="placeholder"
              ><span class="face" aria-hidden="true">${initials(name) || icon('user')}</span></slot
            >
          </div>`
    }
    ${
      name || muted
        ? html`<div part="label">
            ${muted ? html`<span part="badge" role="img" aria-label=${muted}>${icon('mic-off')}</span>` : nothing}
            <slot name="label"><span>${name}</span></slot>
          </div>`
        : nothing
    }
    ${note}
  </div>`;
}

/** Colours the initials; through the CSSOM, for a page's policy may forbid style attributes. */
export function tint(root: ParentNode, id: string): void {
  root.querySelector<HTMLElement>('.face')?.style.setProperty('--_hue', String(hue(id)));
}

/** What keeps a stream from being seen or heard. The live region stays, or its first sentence would not be read. */
export function renderStatus(message = ''): TemplateResult {
  return html`<div part="status" role="status" class=${message ? '' : 'none'}>
    ${
      message
        ? html`${icon('alert')}
            <p part="message">${message}</p>`
        : nothing
    }
  </div>`;
}
