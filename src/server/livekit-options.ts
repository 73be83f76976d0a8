/** Where LiveKit is. Key and secret are those of its configuration (`keys:`); they stay here. */
export interface LiveKitOptions {
  /**
   * `ws:` or `wss:` addresses for browsers, space-separated: of each node, or of their balancer.
   * Handed out with every token.
   */
  url: string;
  /**
   * `http:` or `https:` addresses of the same nodes for this server, space-separated, tried in
   * turn; default: those of `url`.
   */
  apiUrl?: string;
  /** The API key's name. */
  key: string;
  /** Its secret, at least 32 characters. */
  secret: string;
}

export interface LiveKitToken {
  token: string;
  /** Where it is good for: LiveKit's addresses, space-separated. */
  url: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

export interface LiveKitSettings {
  url: string;
  apiUrls: readonly string[];
  key: string;
  secret: string;
}

/** @throws Error that says which option is wrong, and never what the secret is */
export function readLiveKit({ url, apiUrl, key, secret }: LiveKitOptions): LiveKitSettings {
  const urls = addresses(url, ['ws:', 'wss:'], 'livekit.url', 'wss://livekit.example.com');
  const apiUrls =
    apiUrl === undefined
      ? urls.map((each) => each.replace(/^ws/, 'http'))
      : addresses(apiUrl, ['http:', 'https:'], 'livekit.apiUrl', 'http://10.0.0.5:7880');
  if (!key) throw new Error('livekit.key is missing: the API key of LiveKit’s configuration.');
  if (!secret || secret.length < 32) {
    throw new Error('livekit.secret must be the key’s secret, at least 32 characters long.');
  }
  return { url: urls.join(' '), apiUrls, key, secret };
}

function addresses(text: string, protocols: string[], option: string, example: string): string[] {
  const list = text.split(/\s+/).filter(Boolean);
  const wrong = list.find(
    (each) => !URL.canParse(each) || !protocols.includes(new URL(each).protocol),
  );
  if (!list.length || wrong !== undefined) {
    throw new Error(`${option}: “${wrong ?? ''}” is no address such as ${example}.`);
  }
  return list;
}

/** As the command line gives it: addresses as arguments, key and secret in the environment only. */
export function livekitFromEnvironment(
  { url, apiUrl }: { url: string | undefined; apiUrl: string | undefined },
  environment: NodeJS.ProcessEnv,
): LiveKitOptions | undefined {
  if (!url) {
    if (apiUrl)
      throw new Error('--livekit-api-url needs --livekit-url, which browsers connect to.');
    return undefined;
  }
  const { LIVEKIT_API_KEY: key, LIVEKIT_API_SECRET: secret } = environment;
  if (!key || !secret) {
    throw new Error(
      '--livekit-url needs LIVEKIT_API_KEY and LIVEKIT_API_SECRET in the environment.',
    );
  }
  return { url, ...(apiUrl && { apiUrl }), key, secret };
}
