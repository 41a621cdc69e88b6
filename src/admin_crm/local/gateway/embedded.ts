import { createPgliteConnection, type PgliteConnection } from "@supabase/lite/pglite";

import { correct } from "./corrections.ts";
import { Gate, PgliteDatabase } from "./database.ts";
import type { Engine } from "./engine.ts";
import type { KeptData } from "./kept.ts";
import type { Keys } from "./keys.ts";
import { appOn, Lite } from "./lite.ts";
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

/** Lite on PGlite: Postgres in this very process, in memory or in the folder where data is kept. */
export async function openEmbedded(
  keys: Keys,
  options: Options,
  kept: KeptData | null,
): Promise<Engine> {
  const connection = kept && !kept.isNew
    ? await connect(kept.database)
    : await create(keys, options, kept?.database);
  const gate = new Gate();
  const lite = new Lite(appOn(connection, keys, options), gate, correct(connection));
  return {
    database: new PgliteDatabase(connection.driver, gate),
    lite,
    rest: createRest(lite, keys),
    reloadSchema: () => gate.pass(() => connection.clearSchemaCache()),
    close: () => gate.pass(() => connection.close()),
  };
}

/** Postgres on data that is there already, or in memory and empty when there is no folder. */
async function connect(folder?: string, loadDataDir?: Blob): Promise<PgliteConnection> {
  const pgliteOptions = { parsers: PARSERS, loadDataDir };
  const connection = await createPgliteConnection({ url: folder, pgliteOptions });
  await connection.driver.waitReady;
  return connection;
}

/** Postgres with the project newly in it: from today's snapshot, else from its SQL. */
async function create(keys: Keys, options: Options, folder?: string): Promise<PgliteConnection> {
  const kept = await snapshots(options.cache_dir);
  const connection = await connect(folder, await kept.get(() => build(keys, options)));
  await vary((sql) => connection.driver.exec(sql), options.variants);
  return connection;
}

async function build(keys: Keys, options: Options): Promise<Blob> {
  const connection = await connect();
  const app = appOn(connection, keys, options);
  await install((sql) => connection.driver.exec(sql), () => app.ensureSystemSchema());
  const snapshot = await connection.driver.dumpDataDir("none");
  await connection.close();
  return snapshot;
}
