export const VERSION: string;
export function cached(environment?: NodeJS.ProcessEnv): string;
export function findServer(
  environment?: NodeJS.ProcessEnv,
  say?: (text: string) => void,
): Promise<{ binary: string } | { missing: string }>;
