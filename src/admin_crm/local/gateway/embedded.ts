import { PGlite } from "@electric-sql/pglite";
import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";

import { correct } from "./corrections.ts";
import { Gate, PgliteDatabase, SESSION_ROLE } from "./database.ts";
import type { Engine } from "./engine.ts";
import type { KeptData } from "./kept.ts";
import type { Keys } from "./keys.ts";
import { appOn, Lite, NO_SECRET } from "./lite.ts";
import type { Options } from "./options.ts";
import { install, snapshots, vary } from "./project.ts";
import { createRest } from "./rest.ts";
import { isoTimestamp } from "./types.ts";

const INT8 = 20;
const TIMESTAMPTZ = 1184;
const NUMERIC = 1700;
const PARSERS = {
  [TIMESTAMPTZ]: isoTimestamp,
  // PostgREST answers every numeric as a JSON number; lite sends `10.50` as a string.
  [NUMERIC]: Number,
  [INT8]: Number,
};

const SUPERUSER = "postgres";
// `-O` would let the owner of the system catalogs change them.
const START_PARAMS = PGlite.defaultStartParams.filter((each) => each !== "-O");

/** Lite on PGlite: Postgres in this very process, in memory or in the folder where data is kept. */
export async function openEmbedded(
  keys: Keys,
  options: Options,
  kept: KeptData | null,
): Promise<Engine> {
  const connection = kept && !kept.isNew
    ? await connect({ folder: kept.database })
    : await create(options, kept?.database);
  const gate = new Gate();
  const lite = new Lite(appOn(connection, keys.jwtSecret, options), gate, correct(connection));
  const database = new PgliteDatabase(connection.driver, gate);
  return {
    database,
    sql: (statement) => database.sql(statement),
    lite,
    rest: createRest(lite, keys),
    reloadSchema: () => gate.pass(() => connection.clearSchemaCache()),
    close: () => gate.pass(() => connection.close()),
  };
}

interface Place {
  /** Where the data is; in memory when there is no folder. */
  folder?: string;
  loadDataDir?: Blob;
  username?: string;
}

/** Postgres on data that is there already, on a snapshot, or empty. */
async function connect(
  { folder, loadDataDir, username = SESSION_ROLE }: Place,
): Promise<PgliteConnection> {
  const pgliteOptions = { parsers: PARSERS, loadDataDir, username, startParams: START_PARAMS };
  const connection = await createPgliteConnection({ url: folder, pgliteOptions });
  await connection.driver.waitReady;
  return connection;
}

/** Postgres with the project newly in it: from today's snapshot, else from its SQL. */
async function create(options: Options, folder?: string): Promise<PgliteConnection> {
  const kept = await snapshots(options.cache_dir, options.customers);
  const loadDataDir = await kept.get(() => build(options));
  const connection = await connect({ folder, loadDataDir });
  await connection.driver.exec("set role shop_owner");
  await vary((sql) => connection.driver.exec(sql), options.variants);
  await connection.driver.exec(`set role ${SESSION_ROLE}`);
  return connection;
}

async function build(options: Options): Promise<Blob> {
  const connection = await connect({ username: SUPERUSER });
  const { driver } = connection;
  // Every start reads all of a snapshot: nothing that nobody needs, and no log to be replayed.
  await driver.exec("set wal_recycle = off");
  await driver.exec("update pg_database set datistemplate = false");
  for (const name of ["template0", "template1"]) await driver.exec(`drop database ${name}`);
  const ensureAuthSchema = async () => {
    await driver.exec(`set role ${SESSION_ROLE}`);
    await appOn(connection, NO_SECRET, options).ensureSystemSchema();
    await driver.exec("reset role");
  };
  await install(
    (sql) => driver.exec(sql),
    ensureAuthSchema,
    "embedded",
    options.customers,
  );
  await driver.exec("checkpoint");
  const snapshot = await connection.driver.dumpDataDir("none");
  await connection.close();
  return snapshot;
}
