const LITE = new URL("deno.lock", import.meta.url);

/**
 * A seeded database kept for the next start, since making one takes seconds. Seeded dates count
 * back from today, so a snapshot is good for one day; those of other days are removed.
 */
export class Snapshots {
  private constructor(
    private readonly folder: string,
    /** The day and the sources, which the names of all that are still good begin with. */
    private readonly made: string,
    private readonly kind: string,
  ) {}

  static async of(folder: string, sources: URL[], kind: string): Promise<Snapshots> {
    const texts = await Promise.all([LITE, ...sources].map((file) => Deno.readTextFile(file)));
    const bytes = new TextEncoder().encode(texts.join("\0"));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const today = new Date().toISOString().slice(0, 10);
    return new Snapshots(folder, `${today}-${digest.toHex().slice(0, 16)}`, kind);
  }

  /** Today's snapshot; made first if need be, by one of the stacks that start at the same time. */
  async get(make: () => Promise<Blob>): Promise<Blob> {
    const ready = await this.#read();
    if (ready) return ready;
    await Deno.mkdir(this.folder, { recursive: true });
    using lock = await Deno.open(`${this.folder}/lock`, { create: true, write: true });
    await lock.lock(true);
    return await this.#read() ?? await this.#write(await make());
  }

  get #path(): string {
    return `${this.folder}/${this.made}-${this.kind}.tar`;
  }

  async #read(): Promise<Blob | undefined> {
    try {
      return new Blob([await Deno.readFile(this.#path)]);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Written beside and renamed, so that whoever reads meanwhile finds all of it or nothing. */
  async #write(snapshot: Blob): Promise<Blob> {
    const draft = `${this.folder}/draft`;
    await Deno.writeFile(draft, snapshot.stream());
    await Deno.rename(draft, this.#path);
    for (const { name } of [...Deno.readDirSync(this.folder)]) {
      if (name.endsWith(".tar") && !name.startsWith(this.made)) {
        await Deno.remove(`${this.folder}/${name}`);
      }
    }
    return snapshot;
  }
}
