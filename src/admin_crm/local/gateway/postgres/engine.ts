import { createPostgresConnection } from "@supabase/lite/postgres";

import { correct } from "../corrections.ts";
import { SESSION_ROLE, type Turns } from "../database.ts";
import type { Engine } from "../engine.ts";
import type { Keys } from "../keys.ts";
import { appOn, Lite, NO_SECRET } from "../lite.ts";
import type { Options } from "../options.ts";
import { install, snapshots, vary } from "../project.ts";
import { Cluster } from "./cluster.ts";
import { PostgresDatabase, TIMESTAMPTZ } from "./database.ts";
import { Postgrest } from "./postgrest.ts";

/** A pool gives each of lite's transactions a connection to itself. */
const AT_ONCE: Turns = { pass: (work) => work() };

/** Lite hands over JSON that it has already written; its driver would write it once more. */
const JSONB = {
  to: 3802,
  from: [3802],
  serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
  parse: JSON.parse,
};

/** PostgREST, and lite for auth, on a PostgreSQL server of their own. */
export async function openPostgres(
  folder: string,
  keys: Keys,
  options: Options,
): Promise<Engine> {
  const kept = await snapshots(`${options.cache_dir}/postgres`, options.customers);
  const data = await kept.get(() => build(folder, options));
  const cluster = await Cluster.in(folder, "postgres", options.postgres!);
  await cluster.unpack(data);
  await cluster.start("QUIT");
  const database = new PostgresDatabase(cluster, SESSION_ROLE);
  const owner = new PostgresDatabase(cluster, "shop_owner");
  await vary((sql) => owner.script(sql), options.variants);
  const postgrest = await Postgrest.start(folder, cluster, database, keys, options);
  const connection = connect(cluster);
  return {
    database,
    sql: (statement) => owner.sql(statement),
    lite: new Lite(appOn(connection, keys.jwtSecret, options), AT_ONCE, correct(connection)),
    rest: postgrest.handler(keys),
    reloadSchema: () => postgrest.reload(),
    close: async () => {
      await postgrest.stop();
      await cluster.stop();
    },
  };
}

/** The data of a server with the project newly in it. */
async function build(folder: string, options: Options): Promise<Blob> {
  const cluster = await Cluster.in(folder, "template", options.postgres!);
  await cluster.initialize();
  await cluster.start("INT");
  const database = new PostgresDatabase(cluster, "postgres");
  const ensureAuthSchema = async () => {
    const connection = connect(cluster);
    await appOn(connection, NO_SECRET, options).ensureSystemSchema();
    await connection.close();
  };
  await install(
    (sql) => database.script(sql),
    ensureAuthSchema,
    "postgres",
    options.customers,
  );
  await database.close();
  await cluster.stop();
  return await cluster.pack();
}

function connect(cluster: Cluster) {
  const types = { timestamptz: TIMESTAMPTZ, jsonb: JSONB };
  return createPostgresConnection({ postgresOptions: { ...cluster.access(SESSION_ROLE), types } });
}
