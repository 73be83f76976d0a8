import type { TokenRequest } from './tokens.js';

/** What `token-url` answers for a back end other than our own; `TokenAnswer` in the browser. */
export interface TokenAnswer {
  token: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  appId?: string;
  url?: string;
  privateMapKey?: string;
}

/** Signs the tokens of one back end, for `token-url`. */
export interface TokenMinter {
  /** As in `<rtc-room provider>`. */
  readonly provider: string;
  /**
   * @param request Who may be what where, as the site's login decided it: never the page's claim.
   * @throws RoomError `argument` for ids that the back end cannot have
   */
  mint(request: TokenRequest): Promise<TokenAnswer>;
}
