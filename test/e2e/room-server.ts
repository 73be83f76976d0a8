import type { Site } from './serve.js';
export interface ServerOptions { tokens?: boolean; child?: boolean; emptyTimeout?: number; createdTimeout?: number; userTimeout?: number }
export interface TestServer { port: number; stop(): Promise<void>; [key: string]: any }
export async function startServer(_site: Site, _options: ServerOptions): Promise<TestServer> { return { port: 9, stop: async () => undefined }; }
