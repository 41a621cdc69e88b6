import type { Blobs } from "./storage/blobs.ts";
import { insertObject, storedObject } from "./storage/rows.ts";
import type { Database } from "./types.ts";

const FILES = new URL("../supabase/evidence/", import.meta.url);
const BUCKET = "customer-evidence";
const TYPES: Record<string, string> = {
  pdf: "application/pdf",
  png: "image/png",
  txt: "text/plain",
};

/** Store the project's files, as `supabase seed buckets` does from the folder in config.toml. */
export async function seedEvidence(database: Database, blobs: Blobs): Promise<void> {
  for (const customer of Deno.readDirSync(FILES)) {
    for (const { name } of Deno.readDirSync(new URL(`${customer.name}/`, FILES))) {
      const key = `${customer.name}/${name}`;
      const blob = await blobs.write(await Deno.readFile(new URL(key, FILES)));
      const object = storedObject(BUCKET, key, blob, {
        mimetype: TYPES[name.split(".").pop()!],
        cacheControl: "no-cache",
        userMetadata: {},
      });
      // One transaction each: they are not all of the same moment.
      await database.as({ role: "service_role" }, (query) => insertObject(query, object, false));
    }
  }
}
