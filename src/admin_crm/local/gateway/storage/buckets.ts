import type { Query } from "../types.ts";
import { flag, nullable, optional, readBody, required, text, texts } from "./body.ts";
import type { Context, Route } from "./context.ts";
import { duplicateAs, noSuchBucket, StorageError, tooLarge } from "./errors.ts";
import { validBucket } from "./keys.ts";
import { iso, OWNERS } from "./rows.ts";

const BUCKET = `id, name, ${OWNERS}, public, file_size_limit, allowed_mime_types, ${
  iso("created_at")
}, ${iso("updated_at")}`;

const SETTINGS = {
  public: optional(flag),
  file_size_limit: optional(nullable(text)),
  allowed_mime_types: optional(nullable(texts(0))),
};

export const listBuckets: Route = async ({ database }, call) => {
  const claims = await call.claims();
  return Response.json(
    await database.as(
      claims,
      (query) => query(`select ${BUCKET} from storage.buckets order by name`),
    ),
  );
};

export const getBucket: Route = async ({ database }, call) => {
  const claims = await call.claims();
  const [bucket] = await database.as(
    claims,
    (query) => query(`select ${BUCKET} from storage.buckets where id = $1`, [call.bucket]),
  );
  if (!bucket) throw noSuchBucket();
  return Response.json(bucket);
};

export const createBucket: Route = async (context, call) => {
  const claims = await call.claims();
  const shape = { name: required(text), id: optional(text), ...SETTINGS };
  const body = await readBody(call.request, shape);
  await context.database.as(claims, (query) =>
    query(
      `insert into storage.buckets
         (id, name, owner_id, public, file_size_limit, allowed_mime_types)
       values ($1, $2, $3, $4, $5, ${list("$6")})`,
      [
        validBucket(body.id || body.name),
        validBucket(body.name),
        claims.sub ?? null,
        body.public ?? false,
        bytesOf(context, body.file_size_limit),
        JSON.stringify(body.allowed_mime_types ?? null),
      ],
    )).catch(duplicateAs("BucketAlreadyExists"));
  return Response.json({ name: body.name });
};

export const updateBucket: Route = async (context, call) => {
  const claims = await call.claims();
  const body = await readBody(call.request, SETTINGS);
  const [updated] = await context.database.as(claims, (query) =>
    query(
      `update storage.buckets set public = coalesce($2, public),
         file_size_limit = case when $3 then $4 else file_size_limit end,
         allowed_mime_types = case when $5 then ${list("$6")} else allowed_mime_types end,
         updated_at = now()
       where id = $1 returning id`,
      [
        call.bucket,
        body.public ?? null,
        body.file_size_limit !== undefined,
        bytesOf(context, body.file_size_limit),
        body.allowed_mime_types !== undefined,
        JSON.stringify(body.allowed_mime_types ?? null),
      ],
    ));
  if (!updated) throw noSuchBucket();
  return Response.json({ message: "Successfully updated" });
};

export const emptyBucket: Route = async ({ database, blobs }, call) => {
  const claims = await call.claims();
  const removed = await database.as(claims, async (query) => {
    await mustExist(query, call.bucket);
    return query("delete from storage.objects where bucket_id = $1 returning version", [
      call.bucket,
    ]);
  });
  await blobs.remove(removed.map(({ version }) => String(version)));
  const message = "Empty bucket has been queued. Completion may take up to an hour.";
  return Response.json({ message });
};

export const deleteBucket: Route = async ({ database }, call) => {
  const claims = await call.claims();
  await database.as(claims, async (query) => {
    await mustExist(query, call.bucket);
    await query("delete from storage.buckets where id = $1", [call.bucket]);
  }).catch(refuseIfFull);
  return Response.json({ message: "Successfully deleted" });
};

async function mustExist(query: Query, bucket: string): Promise<void> {
  const found = await query("select id from storage.buckets where id = $1", [bucket]);
  if (found.length === 0) throw noSuchBucket();
}

function refuseIfFull(error: unknown): never {
  if ((error as { code?: string }).code !== "23503") throw error;
  const message = "The bucket you tried to delete is not empty";
  throw new StorageError(409, "ResourceNotEmpty", message);
}

/** A JSON text as an SQL array, or null. */
const list = (parameter: string) =>
  `case when ${parameter}::text <> 'null'
     then array(select jsonb_array_elements_text(${parameter}::text::jsonb)) end`;

/** STORAGE_WIRE 6: a number, or one with a decimal unit, and never above the limit for all. */
function bytesOf({ fileSizeLimit }: Context, size: string | null | undefined): number | null {
  if (size === null || size === undefined) return null;
  const [, number, unit = "b"] = size.match(/^(\d+(?:\.\d+)?)(gb|mb|kb|b)?$/i) ?? [];
  if (number === undefined) {
    const message = "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B";
    throw new StorageError(400, "InvalidRequest", message);
  }
  const bytes = Number(number) * { b: 1, kb: 1e3, mb: 1e6, gb: 1e9 }[unit.toLowerCase()]!;
  if (bytes > fileSizeLimit) throw tooLarge();
  return Math.floor(bytes);
}
