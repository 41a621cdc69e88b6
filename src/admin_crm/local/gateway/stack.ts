import { createAuth } from "./auth.ts";
import { openEmbedded } from "./embedded.ts";
import { seedEvidence } from "./evidence.ts";
import { createFunctions } from "./functions.ts";
import type { Guard } from "./guard.ts";
import type { KeptData } from "./kept.ts";
import type { Keys } from "./keys.ts";
import { createLocal } from "./local.ts";
import type { Options } from "./options.ts";
import { openPostgres } from "./postgres/engine.ts";
import { router } from "./router.ts";
import { privateFolder } from "./secrets.ts";
import { createStorage } from "./storage.ts";
import { Blobs } from "./storage/blobs.ts";
import type { Handler } from "./types.ts";

const MEBIBYTE = 1024 * 1024;

export interface Stack {
  handler: Handler;
  close(): Promise<void>;
}

/** All the services of a project, on one database. */
export async function openStack(
  url: string,
  folder: string,
  keys: Keys,
  guard: Guard,
  options: Options,
  kept: KeptData | null,
): Promise<Stack> {
  const engine = options.engine === "postgrest"
    ? await openPostgres(folder, keys, options)
    : await openEmbedded(keys, options, kept);
  const { database, lite } = engine;
  const emailConfirmation = options.email_confirmation;
  // The folder above it may be open to the account that PostgreSQL runs as.
  await privateFolder(`${folder}/storage`);
  const blobs = new Blobs(`${folder}/storage/objects`);
  const storage = createStorage({
    database,
    blobs,
    folder: `${folder}/storage/uploads`,
    secret: keys.jwtSecret,
    publicUrl: `${url}/storage/v1`,
    fileSizeLimit: 50 * MEBIBYTE,
    authenticate: (request) => keys.authenticate(request),
  });
  if (kept?.isNew ?? true) await seedEvidence(database, blobs);
  await kept?.complete();
  const handler = router({
    "/rest/v1/": engine.rest,
    "/auth/v1/": createAuth({ lite, keys, database, emailConfirmation }),
    "/storage/v1/": storage,
    "/functions/v1/": createFunctions(keys),
    "/local/": createLocal(engine, guard),
  });
  return { handler, close: () => engine.close() };
}
