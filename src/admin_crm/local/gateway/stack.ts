import { createAuth } from "./auth.ts";
import { connect, create } from "./boot.ts";
import { correct } from "./corrections.ts";
import { Gate, PgliteDatabase } from "./database.ts";
import { seedEvidence } from "./evidence.ts";
import { createFunctions } from "./functions.ts";
import { KeptData } from "./kept.ts";
import type { Keys } from "./keys.ts";
import { appOn, Lite } from "./lite.ts";
import { createLocal } from "./local.ts";
import type { Options } from "./options.ts";
import { createRest } from "./rest.ts";
import { router } from "./router.ts";
import { createStorage } from "./storage.ts";
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
  options: Options,
): Promise<Stack> {
  const kept = options.data_dir ? await KeptData.open(options.data_dir, options.variants) : null;
  const isNew = kept?.isNew ?? true;
  const connection = isNew
    ? await create(keys, options, kept?.database)
    : await connect(kept?.database);
  const gate = new Gate();
  const database = new PgliteDatabase(connection.driver, gate);
  const lite = new Lite(appOn(connection, keys, options), gate, correct(connection));
  const emailConfirmation = options.email_confirmation;
  const storageUrl = `${url}/storage/v1`;
  const storage = createStorage({
    database,
    folder: `${folder}/storage`,
    secret: keys.jwtSecret,
    publicUrl: storageUrl,
    fileSizeLimit: 50 * MEBIBYTE,
    authenticate: (request) => keys.authenticate(request),
  });
  if (isNew) await seedEvidence(storage, storageUrl, keys);
  await kept?.complete();
  const handler = router({
    "/rest/v1/": createRest(lite, keys),
    "/auth/v1/": createAuth({ lite, keys, database, emailConfirmation }),
    "/storage/v1/": storage,
    "/functions/v1/": createFunctions(keys),
    "/local/": createLocal(
      database,
      keys,
      () => gate.pass(() => connection.clearSchemaCache()),
    ),
  });
  return { handler, close: () => gate.pass(() => connection.close()) };
}
