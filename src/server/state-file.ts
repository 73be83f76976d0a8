import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import * as v from 'valibot';
import type { Ban, Bans } from './memory.js';

const time = v.pipe(v.number(), v.finite());
const shape = v.object({
  version: v.literal(1),
  bans: v.array(
    v.object({
      room: v.string(),
      user: v.optional(v.string()),
      notBefore: time,
      until: time,
      expires: time,
    }),
  ),
});

/** Keeps the bans in a file: always either the old whole or the new whole, also after a crash. */
export class StateFile {
  #dirty = false;
  #writing: Promise<void> | undefined;

  /** @throws Error when the file is there and is not one of ours, or cannot be read */
  constructor(
    private readonly path: string,
    private readonly bans: Bans,
    private readonly log: (event: string, detail: Record<string, unknown>) => void,
  ) {
    bans.restore(read(path));
    bans.changed = () => void this.#write();
  }

  /** Resolves when all that has changed until now is on the disk, or has failed to get there. */
  async saved(): Promise<void> {
    await this.#writing;
  }

  #write(): Promise<void> {
    this.#dirty = true;
    return (this.#writing ??= this.#run().finally(() => (this.#writing = undefined)));
  }

  async #run(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await replace(this.path, JSON.stringify({ version: 1, bans: this.bans.list() }));
      } catch (error) {
        this.log('state-error', { message: (error as Error).message });
      }
    }
  }
}

function read(path: string): Ban[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Error(`The state file cannot be read: ${(error as Error).message}.`);
  }
  try {
    const { bans } = v.parse(shape, JSON.parse(text));
    return bans.map(({ user, ...ban }) => ({ ...ban, ...(user !== undefined && { user }) }));
  } catch {
    throw new Error(
      `${path} is not a state file of this server. Name another one, or move it away: the bans in it are lost then.`,
    );
  }
}

async function replace(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
