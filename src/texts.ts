import type { roomTexts } from './room-texts.js';

/** The sentences and names that the elements show; `room-texts.ts` has those that a room needs first. */
const idle = {
  join: 'Join',
  leave: 'Leave',
  mute: 'Mute microphone',
  'camera-off': 'Turn camera off',
  share: 'Share screen',
  you: 'You',
  muted: 'Microphone is off',
  screen: '{0}’s screen',
  toolbar: 'Call controls',
  out: 'You are not in the room.',
  joining: 'Joining…',
};

export type TextKey = keyof typeof idle | keyof typeof roomTexts;
export type Texts = Record<TextKey, string>;

const english: Partial<Texts> = idle;

const locales = new Map<string, Partial<Texts>>();

/**
 * Adds or replaces the texts of a language. What it leaves out stays English.
 * @param lang A BCP 47 tag, for example `zh` or `pt-BR`.
 */
export function registerLocale(lang: string, texts: Partial<Texts>): void {
  locales.set(lang.toLowerCase(), texts);
}

/** The English texts that come with the core. */
export function addTexts(more: Partial<Texts>): void {
  Object.assign(english, more);
}

/** The text in the language of the nearest `lang`, shadow boundaries crossed. */
export function text(at: Element, key: TextKey, name = ''): string {
  let host: Element | undefined = at;
  let lang: string | null | undefined;
  while (host && !lang) {
    lang = host.closest('[lang]')?.getAttribute('lang');
    host = (host.getRootNode() as Partial<ShadowRoot>).host;
  }
  const tag = (lang ?? '').toLowerCase();
  const texts = locales.get(tag) ?? locales.get(tag.replace(/-.*/, ''));
  // A function, because names may hold replacement patterns.
  return (texts?.[key] ?? english[key] ?? '').replace('{0}', () => name);
}

/** The sentence for a code or reason, where there is one. */
export function isText(key: string): key is TextKey {
  return key in english;
}
