import type { PGlite } from "@electric-sql/pglite";
import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";

import type { Keys } from "./keys.ts";
import { appOn } from "./lite.ts";
import type { Options } from "./options.ts";
import { Snapshots } from "./snapshots.ts";

const PROJECT = new URL("../supabase/", import.meta.url);
const VARIANTS = new URL("../variants/", import.meta.url);
const PLATFORM = ["system.sql", "storage.sql"].map((name) => new URL(name, import.meta.url));

const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;
const PARSERS = {
  // PostgREST and GoTrue answer ISO 8601; Postgres' own form has a space and a short offset.
  [TIMESTAMPTZ]: (text: string) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
  // PostgREST answers every numeric as a JSON number; lite sends `10.50` as a string.
  [NUMERIC]: Number,
};

export interface Booted {
  connection: PgliteConnection;
  /** Whether the project's files are still to be put into storage. */
  isNew: boolean;
}

/** Start Postgres with the project in it: kept data, else today's snapshot, else from its SQL. */
export async function boot(keys: Keys, options: Options): Promise<Booted> {
  const snapshots = await Snapshots.of(options.cache_dir, [...PLATFORM, ...project()]);
  const kept = options.data_dir ? await keptDatabase(options.data_dir) : null;
  const snapshot = kept?.isNew === false ? null : await snapshots.read();
  const connection = await connect(kept?.folder, snapshot);
  if (kept?.isNew === false) return { connection, isNew: false };
  if (!snapshot) {
    await build(connection, keys, options);
    await snapshots.write(await connection.driver.dumpDataDir("none"));
  }
  for (const variant of options.variants) {
    await run(connection.driver, new URL(variant + ".sql", VARIANTS));
  }
  return { connection, isNew: true };
}

async function connect(
  folder: string | undefined,
  snapshot: Blob | null,
): Promise<PgliteConnection> {
  const loadDataDir = snapshot ?? undefined;
  const connection = await createPgliteConnection({
    url: folder,
    pgliteOptions: { parsers: PARSERS, loadDataDir },
  });
  await connection.driver.waitReady;
  return connection;
}

/** What a new project is made of: what the platform brings, its migrations, its seed. */
async function build(connection: PgliteConnection, keys: Keys, options: Options): Promise<void> {
  const { driver } = connection;
  await driver.exec(`
    create role anon nologin;
    create role authenticated nologin;
    create role service_role nologin bypassrls;
    set time zone 'UTC'`);
  await appOn(connection, keys, options).ensureSystemSchema();
  for (const file of [...PLATFORM, ...project()]) await run(driver, file);
}

function project(): URL[] {
  const migrations = new URL("migrations/", PROJECT);
  const names = [...Deno.readDirSync(migrations)].map((entry) => entry.name).sort();
  return [...names.map((name) => new URL(name, migrations)), new URL("seed.sql", PROJECT)];
}

async function run(driver: PGlite, file: URL): Promise<void> {
  try {
    await driver.exec(await Deno.readTextFile(file));
  } catch (error) {
    throw new Error(`${file.pathname.split("/").pop()}: ${error}`, { cause: error });
  }
}

async function keptDatabase(dataDir: string): Promise<{ folder: string; isNew: boolean }> {
  const folder = `${dataDir}/database`;
  await Deno.mkdir(folder, { recursive: true });
  const isNew = [...Deno.readDirSync(folder)].every((entry) => entry.name !== "PG_VERSION");
  return { folder, isNew };
}
