import { html, nothing, type TemplateResult } from 'lit';
import { icon, type IconName } from '../../icons.js';

/**
 * A round button; its accessible name is its tooltip too.
 * @param pressed Given for toggles only.
 */
export function button(
  name: IconName,
  label: string,
  run: () => void,
  kind = '',
  pressed?: boolean,
): TemplateResult {
  // Attributes take it, which the types do not know.
  const state = (pressed ?? nothing) as boolean;
  return html`<button
    part="button"
    class="round ${kind}"
    title=${label}
    aria-label=${label}
    aria-pressed=${state}
    @click=${run}
  >
    ${icon(name)}
  </button>`;
}
