export type LogLevel = 'silent' | 'warn' | 'debug';

let level: LogLevel = 'silent';

/** How much the library writes to the console; `silent` until set. Never credentials or SDP. */
export function setLogLevel(wanted: LogLevel): void {
  level = wanted;
}

export function log(at: 'warn' | 'debug', ...what: unknown[]): void {
  if (level === 'debug' || level === at) console[at]('[rtc-elements]', ...what);
}
