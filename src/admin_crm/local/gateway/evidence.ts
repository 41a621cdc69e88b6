import type { Keys } from "./keys.ts";
import type { Handler } from "./types.ts";

const FOLDER = new URL("../supabase/evidence/", import.meta.url);
const TYPES: Record<string, string> = {
  pdf: "application/pdf",
  png: "image/png",
  txt: "text/plain",
};

/** Upload the project's files, as `supabase seed buckets` does from the folder in config.toml. */
export async function seedEvidence(
  storage: Handler,
  storageUrl: string,
  keys: Keys,
): Promise<void> {
  for (const customer of Deno.readDirSync(FOLDER)) {
    for (const { name } of Deno.readDirSync(new URL(`${customer.name}/`, FOLDER))) {
      const key = `${customer.name}/${name}`;
      const answer = await storage(
        new Request(`${storageUrl}/object/customer-evidence/${key}`, {
          method: "POST",
          headers: {
            "authorization": `Bearer ${keys.serviceRoleJwt}`,
            "content-type": TYPES[name.split(".").pop()!],
          },
          body: await Deno.readFile(new URL(key, FOLDER)),
        }),
      );
      if (!answer.ok) throw new Error(`${key}: ${await answer.text()}`);
    }
  }
}
