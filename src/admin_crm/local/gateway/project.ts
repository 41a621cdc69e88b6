import { Snapshots } from "./snapshots.ts";

const PROJECT = new URL("../supabase/", import.meta.url);
const VARIANTS = new URL("../variants/", import.meta.url);
const PLATFORM = ["system.sql", "storage.sql"].map((name) => new URL(name, import.meta.url));

/** Runs SQL of many statements as the database's owner. */
export type Script = (sql: string) => Promise<unknown>;

/** What a new project is made of: what the platform brings, its migrations, its seed. */
export async function install(run: Script, ensureAuthSchema: () => Promise<void>): Promise<void> {
  await run(`
    create role anon nologin;
    create role authenticated nologin;
    create role service_role nologin bypassrls`);
  await ensureAuthSchema();
  await runFiles(run, sources());
}

/** Make the shop one of another kind: the names are those of files in `variants/`. */
export async function vary(run: Script, variants: string[]): Promise<void> {
  await runFiles(run, variants.map((name) => new URL(`${name}.sql`, VARIANTS)));
}

/** Where databases with the project newly in them are kept. */
export function snapshots(folder: string): Promise<Snapshots> {
  return Snapshots.of(folder, sources());
}

function sources(): URL[] {
  const migrations = new URL("migrations/", PROJECT);
  const names = [...Deno.readDirSync(migrations)].map((entry) => entry.name).sort();
  const files = names.map((name) => new URL(name, migrations));
  return [...PLATFORM, ...files, new URL("seed.sql", PROJECT)];
}

async function runFiles(run: Script, files: URL[]): Promise<void> {
  for (const file of files) {
    try {
      await run(await Deno.readTextFile(file));
    } catch (error) {
      throw new Error(`${file.pathname.split("/").pop()}: ${error}`, { cause: error });
    }
  }
}
