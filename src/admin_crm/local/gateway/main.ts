/**
 * The local Supabase: Postgres, REST, auth, storage and functions behind one address. Options come
 * as the first line on standard input, the answer goes as one line to standard output; when
 * standard input ends, so does the gateway, and with it every file it made.
 */
import { createAuth } from "./auth.ts";
import { boot } from "./boot.ts";
import { correct } from "./corrections.ts";
import { Gate, PgliteDatabase } from "./database.ts";
import { seedEvidence } from "./evidence.ts";
import { createFunctions } from "./functions.ts";
import { Keys } from "./keys.ts";
import { launcher } from "./launcher.ts";
import { appOn, Lite } from "./lite.ts";
import { createLocal } from "./local.ts";
import type { Options } from "./options.ts";
import { createRest } from "./rest.ts";
import { router } from "./router.ts";
import { createStorage } from "./storage.ts";
import type { Handler } from "./types.ts";

const MEBIBYTE = 1024 * 1024;

// Standard output belongs to the launcher.
console.log = console.info = console.debug = console.error;

const { options, gone, announce } = await launcher();
const folder = options.data_dir ?? await Deno.makeTempDir({ prefix: "admin-crm-" });

async function leave(code: number): Promise<never> {
  if (!options.data_dir) await Deno.remove(folder, { recursive: true }).catch(() => {});
  Deno.exit(code);
}

async function open(options: Options): Promise<void> {
  const keys = await Keys.create();
  let handler: Handler = () => new Response("starting", { status: 503 });
  const listen = { hostname: "127.0.0.1", port: options.port, onListen: () => {} };
  const server = Deno.serve(listen, (request) => handler(request));
  const url = `http://127.0.0.1:${server.addr.port}`;
  Deno.env.set("SUPABASE_URL", url);
  Deno.env.set("SUPABASE_ANON_KEY", keys.anonJwt);
  Deno.env.set("SUPABASE_SERVICE_ROLE_KEY", keys.serviceRoleJwt);
  handler = await services(url, keys, options);
  await announce({
    url,
    folder,
    publishable_key: keys.publishable,
    secret_key: keys.secret,
    anon_jwt: keys.anonJwt,
    service_role_jwt: keys.serviceRoleJwt,
    jwt_secret: keys.jwtSecret,
  });
}

async function services(url: string, keys: Keys, options: Options): Promise<Handler> {
  const { connection, isNew } = await boot(keys, options);
  const gate = new Gate();
  const database = new PgliteDatabase(connection.driver, gate);
  const lite = new Lite(appOn(connection, keys, options), gate, correct(connection));
  const emailConfirmation = options.email_confirmation;
  const storage = createStorage({
    database,
    folder: `${folder}/storage`,
    secret: keys.jwtSecret,
    publicUrl: `${url}/storage/v1`,
    fileSizeLimit: 50 * MEBIBYTE,
    authenticate: (request) => keys.authenticate(request),
  });
  if (isNew) await seedEvidence(storage, `${url}/storage/v1`, keys);
  return router({
    "/rest/v1/": createRest(lite, keys),
    "/auth/v1/": createAuth({ lite, keys, database, emailConfirmation }),
    "/storage/v1/": storage,
    "/functions/v1/": createFunctions(keys),
    "/local/": createLocal(database, keys),
  });
}

gone.then(() => leave(0));
await open(options).catch((error) => {
  console.error(error);
  return leave(1);
});
