import type { Claims, Query } from "../types.ts";
import type { Blob } from "./blobs.ts";
import type { Context } from "./context.ts";
import { noSuchBucket, noSuchKey } from "./errors.ts";

export interface Bucket {
  id: string;
  public: boolean;
  file_size_limit: number | null;
  allowed_mime_types: string[] | null;
}

export interface Metadata {
  eTag: string;
  size: number;
  mimetype: string;
  cacheControl: string;
  lastModified: string;
  contentLength: number;
  httpStatusCode: number;
}

export interface StoredObject {
  id: string;
  bucket_id: string;
  name: string;
  version: string;
  owner_id?: string | null;
  metadata: Metadata;
  user_metadata: Record<string, unknown> | null;
}

/** What an upload says of its bytes. */
export interface Description {
  mimetype: string;
  cacheControl: string;
  userMetadata: Record<string, unknown>;
}

export function storedObject(
  bucket: string,
  key: string,
  blob: Blob,
  given: Description & { owner?: string },
): StoredObject {
  return {
    id: crypto.randomUUID(),
    bucket_id: bucket,
    name: key,
    version: blob.version,
    owner_id: given.owner,
    metadata: {
      eTag: blob.eTag,
      size: blob.size,
      mimetype: given.mimetype,
      cacheControl: given.cacheControl,
      lastModified: new Date().toISOString(),
      contentLength: blob.size,
      httpStatusCode: 200,
    },
    user_metadata: given.userMetadata,
  };
}

/** Stands in for an object to come when policies are asked about it. */
export function emptyObject(bucket: string, key: string, owner?: string): StoredObject {
  const blob = { version: crypto.randomUUID(), size: 0, eTag: "" };
  return storedObject(bucket, key, blob, {
    mimetype: "",
    cacheControl: "",
    userMetadata: {},
    owner,
  });
}

export const iso = (column: string) =>
  `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;

export const DATES = ["updated_at", "created_at", "last_accessed_at"].map(iso).join(", ");

/** STORAGE_WIRE 6: an absent owner is sent as an empty string. */
export const OWNERS = "coalesce(owner::text, '') as owner, coalesce(owner_id, '') as owner_id";

export const OBJECT = `id, bucket_id, name, ${OWNERS}, version, metadata, user_metadata, ${DATES}`;

export async function findBucket(query: Query, id: string): Promise<Bucket> {
  const [bucket] = await query(
    "select id, public, file_size_limit, allowed_mime_types from storage.buckets where id = $1",
    [id],
  );
  if (!bucket) throw noSuchBucket();
  return bucket as unknown as Bucket;
}

export async function findObject(query: Query, bucket: string, key: string): Promise<StoredObject> {
  const object = await seekObject(query, bucket, key);
  if (!object) throw noSuchKey();
  return object;
}

async function seekObject(query: Query, bucket: string, key: string) {
  const [object] = await query(
    `select ${OBJECT} from storage.objects where bucket_id = $1 and name = $2`,
    [bucket, key],
  );
  return object as unknown as StoredObject | undefined;
}

/**
 * Write the row of an object whose bytes are in place. Nothing is returned from the statement: that
 * would ask for the right to read, and STORAGE_WIRE 7 has uploads with an INSERT policy alone.
 */
export async function insertObject(query: Query, object: StoredObject, upsert: boolean) {
  const owner = object.owner_id ?? null;
  const replace = `on conflict (bucket_id, name) do update set
    version = excluded.version, owner = excluded.owner, owner_id = excluded.owner_id,
    metadata = excluded.metadata, user_metadata = excluded.user_metadata, updated_at = now()`;
  await query(
    `insert into storage.objects
       (id, bucket_id, name, version, owner, owner_id, metadata, user_metadata)
     values ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::jsonb) ${upsert ? replace : ""}`,
    [
      object.id,
      object.bucket_id,
      object.name,
      object.version,
      owner && UUID.test(owner) ? owner : null,
      owner,
      JSON.stringify(object.metadata),
      JSON.stringify(object.user_metadata),
    ],
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ask the policies whether the object may be written, and leave no trace. */
export async function mayWrite(
  { database }: Context,
  claims: Claims | null,
  object: StoredObject,
  upsert: boolean,
): Promise<void> {
  const allowed = new Error("allowed");
  await database.as(claims, async (query) => {
    await insertObject(query, object, upsert);
    throw allowed;
  }).catch((error) => {
    if (error !== allowed) throw error;
  });
}

/** Write the object as the one who asks, drop the bytes that lost, and give the object's id. */
export async function save(
  { database, blobs }: Context,
  claims: Claims | null,
  object: StoredObject,
  upsert: boolean,
): Promise<string> {
  try {
    const replaced = await database.as(claims, async (query) => {
      // Whoever may replace an object may also see it: the upsert itself asks for both rights.
      const before = await seekObject(query, object.bucket_id, object.name);
      await insertObject(query, object, upsert);
      return before;
    });
    if (replaced) await blobs.remove([replaced.version]);
    return replaced?.id ?? object.id;
  } catch (error) {
    await blobs.remove([object.version]);
    throw error;
  }
}
