/**
 * The local Supabase: Postgres, REST, auth, storage and functions behind one address. Options come
 * as the first line on standard input, the answer goes as one line to standard output; when
 * standard input ends, so does the gateway, and with it every file it made.
 */
import { createAuth } from "./auth.ts";
import { boot } from "./boot.ts";
import { Gate, PgliteDatabase } from "./database.ts";
import { createFunctions } from "./functions.ts";
import { Keys } from "./keys.ts";
import { appOn, Lite } from "./lite.ts";
import { launcher } from "./launcher.ts";
import { createLocal } from "./local.ts";
import { createRest } from "./rest.ts";
import { router } from "./router.ts";

// Standard output belongs to the launcher.
console.log = console.info = console.debug = console.error;

const { options, gone, announce } = await launcher();
const folder = options.data_dir ?? await Deno.makeTempDir({ prefix: "admin-crm-" });
let server: Deno.HttpServer | undefined;

async function leave(code: number): Promise<never> {
  await Promise.race([server?.shutdown(), new Promise((done) => setTimeout(done, 500))]);
  if (!options.data_dir) await Deno.remove(folder, { recursive: true }).catch(() => {});
  Deno.exit(code);
}

gone.then(() => leave(0));
try {
  const keys = await Keys.create();
  const connection = await boot(keys, options);
  const gate = new Gate();
  const database = new PgliteDatabase(connection.driver, gate);
  const lite = new Lite(appOn(connection, keys, options), gate);
  server = Deno.serve(
    { hostname: "127.0.0.1", port: options.port, onListen: () => {} },
    router({
      "/rest/v1/": createRest(lite, keys),
      "/auth/v1/": createAuth(lite, keys),
      "/functions/v1/": createFunctions(keys),
      "/local/": createLocal(database, keys),
    }),
  );
  const url = `http://127.0.0.1:${(server.addr as Deno.NetAddr).port}`;
  Deno.env.set("SUPABASE_URL", url);
  Deno.env.set("SUPABASE_ANON_KEY", keys.anonJwt);
  Deno.env.set("SUPABASE_SERVICE_ROLE_KEY", keys.serviceRoleJwt);
  await announce({
    url,
    folder,
    publishable_key: keys.publishable,
    secret_key: keys.secret,
    anon_jwt: keys.anonJwt,
    service_role_jwt: keys.serviceRoleJwt,
    jwt_secret: keys.jwtSecret,
  });
} catch (error) {
  console.error(error);
  await leave(1);
}
