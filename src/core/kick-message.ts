/** The message by which one page asks another to leave; obeyed only through `kick-from`. */
export const KICK_MESSAGE = JSON.stringify({ rtc: 'kick' });

export function isKickMessage(data: string): boolean {
  return data === KICK_MESSAGE;
}
