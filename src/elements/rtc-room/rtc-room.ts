import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { providersChanged } from '../../context/room-context.js';
import type { RoomSession } from '../../core/room-session.js';
import type { StreamView } from '../../core/stream-view.js';
import type {
  ConnectionState,
  LocalStream,
  RemoteUser,
  RoomWish,
  SubscribeMode,
  TakenBack,
  TokenSource,
} from '../../core/types.js';
import type { RoomMode, UserRole } from '../../drivers/driver.js';
import { driverLoaders } from '../../drivers/registry.js';
import type { RemoteStream } from '../../core/remote-stream.js';
import { isText } from '../../texts.js';
import { button } from '../shared/button.js';
import { loadEngine } from '../shared/engine.js';
import { controls, flag, list, object, wishes, word } from '../shared/rtc-element.js';
import { baseStyles } from '../shared/base.styles.js';
import { StageElement, type Situation } from '../shared/stage-element.js';
import { stageStyles } from '../shared/stage.styles.js';

/**
 * A room: joins it, shows who is there, leaves it.
 *
 * @tag rtc-room
 * @attr {string} [provider=embedded] - The back end: `embedded`, `livekit`, `trtc`, `qiniu` or a registered one.
 * @attr {string} url - Server address.
 * @attr {string} sdk-url - Where the vendor's SDK is loaded from.
 * @attr {string} sdk-integrity - Its SRI hash.
 * @attr {string} app-id - TRTC's sdkAppId.
 * @attr {string} driver-options - JSON for what only one back end has.
 * @attr {string} room-id - The room.
 * @attr {string} user-id - The user; may be absent where the token or the server names one.
 * @attr {string} user-data - Text the others see beside the user id.
 * @attr {string} token - The credential.
 * @attr {string} token-url - Endpoint asked for a token.
 * @attr {'rtc'|'live'} [mode=rtc] - A call, or a live room of anchors and audience.
 * @attr {'anchor'|'audience'} [user-role=anchor] - The wanted role.
 * @attr {boolean} joined - Be in the room.
 * @attr {'all'|'audio'|'video'|'none'} [subscribe=all] - What to receive by default.
 * @attr {string} subscribe-to - User ids: the layout, and elements without `user-id`, take these only.
 * @attr {string} kick-from - User ids whose kick message this page obeys.
 * @attr {'grid'|'spotlight'|'none'} [layout=grid] - How streams that no element claims are shown.
 * @attr {string} speaker-id - The loudspeaker that plays.
 * @attr {boolean} audio-levels - Fire `rtc-audio-level`.
 * @attr {string} controls - Empty: all; or a list of `join`, `role`, `state`.
 * @attr {string} connection-state - Reflected, read-only.
 *
 * @slot - Local and remote streams, links, and what else stands on the stage.
 * @slot toolbar - More buttons.
 * @slot empty - Instead of the sentence that nobody else is here.
 * @slot error - Instead of the sentence that says what failed.
 *
 * @csspart stage - Where tiles stand.
 * @csspart tile - One tile of the layout; its own parts are exported as `tile-video`, `tile-label` and so on.
 * @csspart toolbar - The row of buttons.
 * @csspart button - Each button.
 * @csspart status - What is going on: drawing, sentence, button.
 * @csspart message - Its sentence.
 *
 * @cssproperty --rtc-accent - Colour of rings and main buttons.
 * @cssproperty --rtc-surface - Background of the stage.
 * @cssproperty --rtc-on-surface - Text on it.
 * @cssproperty --rtc-danger - Colour of leaving and of what is muted.
 * @cssproperty --rtc-radius - Radius of tiles; 12px.
 * @cssproperty --rtc-gap - Space between tiles; 8px.
 * @cssproperty --rtc-font - Font family; system-ui.
 * @cssproperty --rtc-tile-aspect - Width / height of tiles; 16 / 9.
 *
 * @cssstate in-room - The user is in the room.
 *
 * @event {RtcConnectionStateChangedEvent} rtc-connection-state-changed
 * @event {RtcJoinedEvent} rtc-joined
 * @event {RtcLeftEvent} rtc-left
 * @event {RtcClientBannedEvent} rtc-client-banned
 * @event {RtcWaitingEvent} rtc-waiting
 * @event {RtcRoleChangedEvent} rtc-role-changed
 * @event {RtcUserJoinedEvent} rtc-user-joined
 * @event {RtcUserUpdatedEvent} rtc-user-updated
 * @event {RtcUserLeftEvent} rtc-user-left
 * @event {RtcStreamAddedEvent} rtc-stream-added
 * @event {RtcStreamUpdatedEvent} rtc-stream-updated
 * @event {RtcStreamRemovedEvent} rtc-stream-removed
 * @event {RtcAutoplayBlockedEvent} rtc-autoplay-blocked
 * @event {RtcMuteChangedEvent} rtc-mute-changed
 * @event {RtcMessageReceivedEvent} rtc-message-received
 * @event {RtcActiveSpeakerChangedEvent} rtc-active-speaker-changed
 * @event {RtcNetworkQualityEvent} rtc-network-quality
 * @event {RtcAudioLevelEvent} rtc-audio-level
 * @event {RtcRequestEvent} rtc-request
 * @event {RtcErrorEvent} rtc-error
 */
export class RtcRoom extends StageElement {
  static override styles = [baseStyles, stageStyles];

  static {
    wishes(this, {
      provider: word('embedded'),
      url: word(),
      sdkUrl: word(),
      sdkIntegrity: word(),
      appId: word(),
      driverOptions: word(),
      roomId: word(),
      userId: word(),
      userData: word(''),
      token: { ...word(), reflect: false },
      tokenUrl: word(),
      tokenSource: object,
      mode: word('rtc'),
      userRole: word('anchor'),
      joined: flag,
      subscribe: word('all'),
      subscribeTo: word(),
      kickFrom: word(),
      layout: word('grid'),
      speakerId: word(),
      audioLevels: flag,
      controls,
    });
  }

  declare provider: string;
  declare url?: string;
  declare sdkUrl?: string;
  declare sdkIntegrity?: string;
  declare appId?: string;
  declare driverOptions?: string | Record<string, unknown>;
  declare roomId?: string;
  declare userId?: string;
  declare userData: string;
  declare token?: string;
  declare tokenUrl?: string;
  /** Asked for tokens before anything else. */
  declare tokenSource?: TokenSource;
  declare mode: RoomMode;
  declare userRole: UserRole;
  declare joined: boolean;
  declare subscribe: SubscribeMode;
  declare subscribeTo?: string;
  declare kickFrom?: string;
  declare layout: 'grid' | 'spotlight' | 'none';
  declare speakerId?: string;
  declare audioLevels: boolean;
  declare controls?: string;

  /** @internal */
  session: RoomSession | null = null;
  /** @internal */
  view: StreamView | null = null;
  protected override readonly seeks = false;

  get connectionState(): ConnectionState {
    return this.session?.state ?? 'disconnected';
  }
  /** True in `connected`, `reconnecting` and `reconnected`. */
  get inRoom(): boolean {
    return !!this.session?.inRoom;
  }
  get remoteUsers(): readonly RemoteUser[] {
    return this.session?.users ?? [];
  }
  get remoteStreams(): readonly RemoteStream[] {
    return this.session?.streams ?? [];
  }
  get localStreams(): readonly LocalStream[] {
    return this.session?.localStreams ?? [];
  }
  /** The role the back end has confirmed; null outside. */
  get currentRole(): UserRole | null {
    return this.session?.role ?? null;
  }
  /** The driver's own client object, to look at; null outside. */
  get client(): unknown {
    return this.session?.client ?? null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('pagehide', this);
    addEventListener('pageshow', this);
  }

  /** Sets `joined`. @throws RtcError why it failed, `aborted` when overtaken */
  join(): Promise<void> {
    return this.#want({ joined: true }, (session) => session.whenJoined());
  }

  /** Removes `joined`; resolves when the room is left. */
  leave(): Promise<void> {
    return this.#want({ joined: false }, (session) => session.whenLeft(this.joined));
  }

  /** Sets `user-role`. @throws RtcError why it failed, `aborted` when overtaken */
  switchRole(role: UserRole): Promise<void> {
    const { joined } = this;
    const given: unknown = role;
    // As text: what is none of the two is refused by its name.
    const userRole = String(given) as UserRole;
    return this.#want({ userRole }, (session) => session.whenRole(userRole, joined));
  }

  /**
   * @param to User ids; absent: everybody but the sender.
   * @throws RtcError `state` outside, `unsupported` where the back end has no messages
   */
  async sendMessage(data: string, to?: string | string[]): Promise<void> {
    return (await this.#inside()).sendMessage(data, to);
  }

  /** Removes a user, or asks him to go: see `kick-from`. @throws RtcError */
  async kick(userId: string): Promise<void> {
    return (await this.#inside()).kick(userId);
  }

  getRemoteUser(userId: string): RemoteUser | undefined {
    return this.session?.getRemoteUser(userId);
  }

  /** Resumes everything that the browser refused to play; call it in a gesture. */
  async startPlayback(): Promise<void> {
    await this.view?.startPlayback();
  }

  /** @throws RtcError `state` outside, `unsupported` where the back end has none */
  async getStats(): Promise<RTCStatsReport[]> {
    return (await this.#inside()).getStats();
  }

  /** @internal */
  handleEvent({ type }: Event): void {
    if (type === 'pagehide') this.session?.leaveNow();
    else this.carryOut();
  }

  /** @internal */
  revert(wish: TakenBack): void {
    Object.assign(this, wish);
  }

  async #want(
    wish: { joined?: boolean; userRole?: UserRole },
    done: (session: RoomSession) => Promise<void>,
  ): Promise<void> {
    this.want(wish);
    // Made by a script, it joins once it is in the document.
    if (wish.joined && !this.hasUpdated) await this.updateComplete;
    await this.begun;
    // Without a session nothing is wanted or true yet.
    if (this.session) await done(this.session);
    else if (wish.joined) throw (await loadEngine()).aborted();
  }

  async #inside(): Promise<RoomSession> {
    // One that is in no room says so.
    return this.session ?? new (await loadEngine()).RoomSession(this);
  }

  /** A session from the first time that the room is to be joined. */
  #begin(): void {
    // Beside the core, not after it; a driver that fails to load is told of by the join.
    driverLoaders
      .get(this.provider)?.()
      .catch(() => undefined);
    this.begun = this.engine((engine) => {
      if (!this.session) {
        this.session = new engine.RoomSession(this);
        this.view = this.session.view;
        providersChanged();
      }
      this.carryOut();
    });
  }

  protected override onCommand(command: string): void {
    if (command === '--join') this.request('joined', true);
    else if (command === '--leave') this.request('joined', false);
    else if (command === '--toggle-joined') this.request('joined', !this.joined);
    else if (command === '--become-anchor') this.request('userRole', 'anchor');
    else if (command === '--become-audience') this.request('userRole', 'audience');
    else if (command === '--start-playback') void this.startPlayback();
  }

  protected override carryOut(): void {
    const { session, view } = this;
    if (!session || !view) {
      if (this.joined) this.#begin();
      return;
    }
    view.configure({
      subscribe: this.subscribe,
      users: list(this.subscribeTo),
      layout: this.layout !== 'none',
    });
    session.update({
      // Declared above under the names of RoomWish.
      ...(this.wish() as Omit<RoomWish, 'kickFrom'>),
      kickFrom: list(this.kickFrom),
    });
  }

  protected override release(): void {
    removeEventListener('pagehide', this);
    removeEventListener('pageshow', this);
    this.session?.end();
  }

  protected override reflectState(): void {
    this.setAttribute('connection-state', this.connectionState);
    this.mark('in-room', this.inRoom);
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    if (changed.has('speakerId')) providersChanged();
  }

  #situation(): Situation | null {
    const { session, joined } = this;
    const { error = null, ended = null, waiting = null } = session ?? {};
    if (this.connectionState === 'reconnecting') {
      return { icon: 'spinner', message: this.text('reconnecting') };
    }
    if (this.inRoom && !error) {
      // To be watched only is no lack of anything.
      const seen = this.remoteUsers.length && this.localStreams.length;
      const alone =
        !this.remoteStreams.length && !seen && !this.querySelector('rtc-cross-room-link');
      return alone ? { icon: 'user', message: this.text('empty'), slot: 'empty' } : null;
    }
    if (waiting !== null) return { icon: 'clock', message: this.text('waiting') };
    if (!joined && ended) {
      const message = isText(ended.reason) ? this.text(ended.reason) : ended.message;
      return { icon: 'leave', message, slot: 'error', action: this.text('again') };
    }
    if (error) {
      const message = isText(error.code) ? this.text(error.code) : error.message;
      return {
        icon: 'alert',
        message,
        slot: 'error',
        ...(!joined && { action: this.text('again') }),
      };
    }
    if (joined) return { icon: 'spinner', message: this.text('joining') };
    return {
      icon: 'video',
      message: this.text('out'),
      ...(this.offers('join') && { action: this.text('join') }),
    };
  }

  protected override render(): TemplateResult {
    const off = !(this.inRoom && this.currentRole === 'anchor');
    return html`${this.renderStage(this.#situation(), off)}
      <div part="toolbar" class="toolbar" role="group" aria-label=${this.text('toolbar')}>
        ${this.controls === undefined ? nothing : this.#renderControls()}
        <slot name="toolbar"></slot>
      </div>`;
  }

  #renderControls(): TemplateResult {
    const { inRoom } = this;
    const role = this.userRole === 'anchor' ? 'audience' : 'anchor';
    return html`${
      inRoom && this.offers('state')
        ? html`<span class="state"
            >${this.text(this.connectionState === 'reconnecting' ? 'reconnecting' : 'connected')}</span
          >`
        : nothing
    }
    ${
      inRoom && this.mode === 'live' && this.offers('role')
        ? html`<button part="button" @click=${() => this.request('userRole', role)}>
            ${this.text(role)}
          </button>`
        : nothing
    }
    ${
      this.joined && this.offers('join')
        ? button('leave', this.text('leave'), () => this.request('joined', false), 'danger')
        : nothing
    }`;
  }
}
