import { Snapshots } from "./snapshots.ts";

const PROJECT = new URL("../supabase/", import.meta.url);
const VARIANTS = new URL("../variants/", import.meta.url);
const ROLES = here("roles.sql");
const PLATFORM = ["system.sql", "storage.sql"].map(here);
const BUILDERS = ["embedded.ts", "postgres/engine.ts"].map(here);
const RETIRE = { embedded: here("retire_embedded.sql"), postgres: here("retire_postgres.sql") };

/** Runs SQL of many statements. */
export type Script = (sql: string) => Promise<unknown>;

/**
 * What a new project is made of: roles, what the platform brings, its migrations, its seed. The
 * script runs as the database's superuser, and is the last that does; the schema of auth is made in
 * the role `gateway`.
 */
export async function install(
  run: Script,
  ensureAuthSchema: () => Promise<void>,
  engine: keyof typeof RETIRE,
  customers: number,
): Promise<void> {
  await runFiles(run, [ROLES]);
  await ensureAuthSchema();
  await runFiles(run, PLATFORM);
  await run(`set role shop_owner; set shop.customers = ${customers}`);
  await runFiles(run, shop());
  await run("reset role");
  await runFiles(run, [RETIRE[engine]]);
}

/** Make the shop one of another kind, as its owner: the names are those of files in `variants/`. */
export async function vary(run: Script, variants: string[]): Promise<void> {
  await runFiles(run, variants.map((name) => new URL(`${name}.sql`, VARIANTS)));
}

/** Where databases with the project newly in them are kept. */
export function snapshots(folder: string, customers: number): Promise<Snapshots> {
  const made = [...BUILDERS, ROLES, ...PLATFORM, ...Object.values(RETIRE), ...shop()];
  return Snapshots.of(folder, made, `${customers}`);
}

function here(name: string): URL {
  return new URL(name, import.meta.url);
}

function shop(): URL[] {
  const migrations = new URL("migrations/", PROJECT);
  const names = [...Deno.readDirSync(migrations)].map((entry) => entry.name).sort();
  const files = names.map((name) => new URL(name, migrations));
  return [...files, new URL("seed.sql", PROJECT)];
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
