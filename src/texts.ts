/** Every sentence and name that the elements show. `{0}` stands for a name. */
const english = {
  join: 'Join',
  leave: 'Leave',
  again: 'Join again',
  anchor: 'Go on stage',
  audience: 'Leave the stage',
  mute: 'Mute microphone',
  unmute: 'Unmute microphone',
  'camera-off': 'Turn camera off',
  'camera-on': 'Turn camera on',
  share: 'Share screen',
  unshare: 'Stop sharing',
  you: 'You',
  screen: '{0}’s screen',
  muted: 'Microphone is off',
  toolbar: 'Call controls',
  out: 'You are not in the room.',
  empty: 'Nobody else is here yet.',
  joining: 'Joining…',
  waiting: 'Waiting to be let in…',
  reconnecting: 'Connection lost. Reconnecting…',
  connected: 'Connected',
  banned: 'You were removed from this room.',
  room_disband: 'This room was closed.',
  kick: 'You joined this room elsewhere.',
  'token-expired': 'Your access has expired.',
  'room-full': 'This room is full.',
  network: 'The server cannot be reached. Trying again…',
  hear: 'Tap to hear everybody',
  play: 'Tap to play',
  lost: 'No connection to {0}. Trying again…',
  'link-connecting': 'Connecting to room {0}…',
  'link-waiting': 'Waiting for somebody in room {0}…',
};

export type TextKey = keyof typeof english;
export type Texts = Record<TextKey, string>;

const locales = new Map<string, Partial<Texts>>();

/**
 * Adds or replaces the texts of a language. What it leaves out stays English.
 * @param lang A BCP 47 tag, for example `zh` or `pt-BR`.
 */
export function registerLocale(lang: string, texts: Partial<Texts>): void {
  locales.set(lang.toLowerCase(), texts);
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
  return (texts?.[key] ?? english[key]).replace('{0}', () => name);
}

/** The sentence for a code or reason, where there is one. */
export function isText(key: string): key is TextKey {
  return key in english;
}
