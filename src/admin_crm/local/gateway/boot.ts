import type { PGlite } from "@electric-sql/pglite";
import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";

import type { Keys } from "./keys.ts";
import { appOn } from "./lite.ts";
import type { Options } from "./options.ts";
import { Snapshots } from "./snapshots.ts";

const PROJECT = new URL("../supabase/", import.meta.url);
const VARIANTS = new URL("../variants/", import.meta.url);
const PLATFORM = ["system.sql", "storage.sql"].map((name) => new URL(name, import.meta.url));

const INT8 = 20;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;
const PARSERS = {
  // PostgREST and GoTrue answer ISO 8601; Postgres' own form has a space and a short offset.
  [TIMESTAMPTZ]: (text: string) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
  // PostgREST answers every numeric as a JSON number; lite sends `10.50` as a string.
  [NUMERIC]: Number,
  [INT8]: Number,
};

/** Postgres on data that is there already, or in memory and empty when there is no folder. */
export async function connect(
  folder?: string,
  loadDataDir?: Blob,
): Promise<PgliteConnection> {
  const pgliteOptions = { parsers: PARSERS, loadDataDir };
  const connection = await createPgliteConnection({ url: folder, pgliteOptions });
  await connection.driver.waitReady;
  return connection;
}

/** Postgres with the project newly in it: from today's snapshot, else from its SQL. */
export async function create(
  keys: Keys,
  options: Options,
  folder?: string,
): Promise<PgliteConnection> {
  const snapshots = await Snapshots.of(options.cache_dir, [...PLATFORM, ...project()]);
  const snapshot = await snapshots.get(() => build(keys, options));
  const connection = await connect(folder, snapshot);
  for (const name of options.variants) {
    await run(connection.driver, new URL(`${name}.sql`, VARIANTS));
  }
  return connection;
}

/** What a new project is made of: what the platform brings, its migrations, its seed. */
async function build(keys: Keys, options: Options): Promise<Blob> {
  const connection = await connect();
  const { driver } = connection;
  await driver.exec(`
    create role anon nologin;
    create role authenticated nologin;
    create role service_role nologin bypassrls`);
  await appOn(connection, keys, options).ensureSystemSchema();
  for (const file of [...PLATFORM, ...project()]) await run(driver, file);
  const snapshot = await driver.dumpDataDir("none");
  await connection.close();
  return snapshot;
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
