export const VERSION: string;
export function cached(environment?: NodeJS.ProcessEnv): string;
export function findServer(options?: {
  /** Builds it when there is none yet. */
  build?: boolean;
  environment?: NodeJS.ProcessEnv;
  say?: (text: string) => void;
}): Promise<{ binary: string } | { missing: string }>;
