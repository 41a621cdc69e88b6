const LITE = new URL("deno.lock", import.meta.url);

/**
 * A seeded database kept for the next start, since making one takes seconds. Seeded dates count
 * back from today, so a snapshot is good for one day; those of other days are removed.
 */
export class Snapshots {
  private constructor(private readonly folder: string, private readonly name: string) {}

  static async of(folder: string, sources: URL[]): Promise<Snapshots> {
    const texts = await Promise.all([LITE, ...sources].map((file) => Deno.readTextFile(file)));
    const bytes = new TextEncoder().encode(texts.join("\0"));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const today = new Date().toISOString().slice(0, 10);
    return new Snapshots(folder, `${today}-${digest.toHex().slice(0, 16)}.tar`);
  }

  async read(): Promise<Blob | undefined> {
    try {
      return new Blob([await Deno.readFile(`${this.folder}/${this.name}`)]);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Written beside and renamed, so that a stack starting at the same time reads all or nothing. */
  async write(snapshot: Blob): Promise<void> {
    await Deno.mkdir(this.folder, { recursive: true });
    const draft = await Deno.makeTempFile({ dir: this.folder, suffix: ".draft" });
    await Deno.writeFile(draft, new Uint8Array(await snapshot.arrayBuffer()));
    await Deno.rename(draft, `${this.folder}/${this.name}`);
    await this.#forgetOthers();
  }

  async #forgetOthers(): Promise<void> {
    const yesterday = Date.now() - 24 * 3600 * 1000;
    for (const { name } of [...Deno.readDirSync(this.folder)]) {
      const path = `${this.folder}/${name}`;
      const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
      if (name.endsWith(".tar") && name !== this.name) await Deno.remove(path).catch(() => {});
      else if (mtime && mtime.getTime() < yesterday) await Deno.remove(path).catch(() => {});
    }
  }
}
