import { keptSecrets, privateFolder, type Secrets } from "./secrets.ts";

// To be raised when what is kept by an earlier version is no longer understood.
const LAYOUT = 2;

/** Data that outlives the stack, in a folder that one stack at a time may use. */
export class KeptData {
  readonly database: string;
  readonly isNew: boolean;

  /** What the data was made with. */
  readonly #made: string;

  private constructor(private readonly folder: string, variants: string[]) {
    this.#made = JSON.stringify({ layout: LAYOUT, variants });
    this.database = `${folder}/database`;
    const made = readOr(`${folder}/project.json`, null);
    if (made && made !== this.#made) {
      throw new Error(`${folder} holds a shop of other options, or of an earlier version: ${made}`);
    }
    this.isNew = made === null;
  }

  static async open(folder: string, variants: string[]): Promise<KeptData> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const lock = await Deno.open(`${folder}/lock`, { create: true, write: true });
    // Held until this process ends, however it ends.
    if (!await lock.tryLock(true)) throw new Error(`${folder} is in use by another local stack`);
    const kept = new KeptData(folder, variants);
    // What is left of a first start that did not get to its end is of no use.
    if (kept.isNew) await Deno.remove(kept.database, { recursive: true }).catch(() => {});
    await privateFolder(kept.database);
    return kept;
  }

  /** The same keys at every start, in a file for its owner's eyes only. */
  secrets(): Promise<Secrets> {
    return keptSecrets(`${this.folder}/keys`);
  }

  /** Say that the project is complete, so that the next start takes it as it is. */
  async complete(): Promise<void> {
    await Deno.writeTextFile(`${this.folder}/project.json`, this.#made);
  }
}

function readOr<T>(path: string, otherwise: T): string | T {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise;
  }
}
