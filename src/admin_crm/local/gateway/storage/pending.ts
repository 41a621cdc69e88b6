import { join } from "node:path";

/** A resumable upload on its way; its bytes grow in the blob of its version. */
export interface PendingUpload {
  bucket: string;
  key: string;
  version: string;
  /** Null until a deferred length is announced. */
  length: number | null;
  metadata: Record<string, string>;
  upsert: boolean;
  owner?: string;
  done: boolean;
}

interface Turn {
  controller: AbortController;
  over: Promise<unknown>;
}

/** Keeps what is known about each upload on disk, so that it outlives connections and restarts. */
export class Pending {
  readonly #turns = new Map<string, Turn>();

  constructor(private readonly folder: string) {
    Deno.mkdirSync(folder, { recursive: true });
  }

  async save(upload: PendingUpload): Promise<void> {
    await Deno.writeTextFile(this.#path(upload.version), JSON.stringify(upload));
  }

  async find(version: string): Promise<PendingUpload | null> {
    return await Deno.readTextFile(this.#path(version)).then(JSON.parse, () => null);
  }

  async remove(version: string): Promise<void> {
    await Deno.remove(this.#path(version));
  }

  /**
   * Work on an upload alone. Whoever is still at it is stopped first: a client asks again only when
   * its connection broke, which we may not have noticed yet.
   */
  async alone<T>(version: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const before = this.#turns.get(version);
    before?.controller.abort();
    const controller = new AbortController();
    const result = Promise.resolve(before?.over).then(() => work(controller.signal));
    const turn = { controller, over: result.catch(() => {}) };
    this.#turns.set(version, turn);
    try {
      return await result;
    } finally {
      if (this.#turns.get(version) === turn) this.#turns.delete(version);
    }
  }

  #path(version: string): string {
    return join(this.folder, `${version}.json`);
  }
}
