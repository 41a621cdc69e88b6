/**
 * The local Supabase: Postgres, REST, auth, storage and functions behind one address. Options come
 * as the first line on standard input, the answer goes as one line to standard output; when
 * standard input ends, so does the gateway, and with it every file it made.
 */
import { Guard } from "./guard.ts";
import { KeptData } from "./kept.ts";
import { Keys } from "./keys.ts";
import { launcher } from "./launcher.ts";
import { newSecrets } from "./secrets.ts";
import { openStack, type Stack } from "./stack.ts";

const PATIENCE = 3000;
// See folders.py.
const MARKER = ".admin-crm-stack";

// Standard output belongs to the launcher.
console.log = console.info = console.debug = console.error;

const { options, gone, announce } = await launcher();
const { folder } = options;
let stack: Stack | undefined;
let leaving: Promise<never> | undefined;

if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => leave(0));

/** Once, although both the signal and the end of standard input ask for it. */
function leave(code: number): Promise<never> {
  return leaving ??= end(code);
}

async function end(code: number): Promise<never> {
  if (options.data_dir || options.engine === "postgrest") {
    const tooLong = new Promise((done) => setTimeout(done, PATIENCE));
    await Promise.race([stack?.close().catch(console.error), tooLong]);
  }
  // Before it is open, programs are at work there: the launcher removes it, or the next start.
  if (stack && !options.data_dir) await removeFolder().catch(() => {});
  Deno.exit(code);
}

/** The marker last: without it a folder that is left half-removed would be nobody's for good. */
async function removeFolder(): Promise<void> {
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (name !== MARKER) await Deno.remove(`${folder}/${name}`, { recursive: true });
  }
  await Deno.remove(folder, { recursive: true });
}

async function open(): Promise<void> {
  const kept = options.data_dir ? await KeptData.open(options.data_dir, options.variants) : null;
  const secrets = await (kept?.secrets() ?? newSecrets());
  const keys = await Keys.from(secrets);
  const listen = { hostname: "127.0.0.1", port: options.port, onListen: () => {} };
  const starting = () => new Response("starting", { status: 503 });
  const server = Deno.serve(listen, (request) => (stack?.handler ?? starting)(request));
  const url = `http://127.0.0.1:${server.addr.port}`;
  const guard = new Guard(url, secrets.administration);
  stack = await openStack(url, folder, keys, guard, options, kept);
  // For the functions, and only now: the servers started above have no use for keys.
  Deno.env.set("SUPABASE_URL", url);
  Deno.env.set("SUPABASE_ANON_KEY", keys.anonJwt);
  Deno.env.set("SUPABASE_SERVICE_ROLE_KEY", keys.serviceRoleJwt);
  for (const [name, value] of Object.entries(options.function_secrets)) Deno.env.set(name, value);
  await announce({
    url,
    publishable_key: keys.publishable,
    secret_key: keys.secret,
    anon_jwt: keys.anonJwt,
    service_role_jwt: keys.serviceRoleJwt,
    jwt_secret: keys.jwtSecret,
    administration_key: secrets.administration,
  });
}

gone.then(() => leave(0));
await open().catch((error) => {
  console.error(error);
  return leave(1);
});
