import type { Claims } from "../types.ts";
import { stretch } from "./blobs.ts";
import type { Call, Context, Route } from "./context.ts";
import { noSuchBucket, noSuchKey, StorageError } from "./errors.ts";
import { validKey } from "./keys.ts";
import { findBucket, findObject, type StoredObject } from "./rows.ts";
import { tokenOf } from "./tokens.ts";

export const download: Route = async (context, call) => {
  const claims = await reader(context, call);
  return await serve(context, call, claims);
};

export const downloadAuthenticated: Route = async (context, call) =>
  await serve(context, call, await call.claims());

export const downloadPublic: Route = async (context, call) => {
  await findPublic(context, call);
  return await serve(context, call, null);
};

export const downloadSigned: Route = async (context, call) => {
  const url = `${call.bucket}/${call.key}`;
  const { exp } = await context.tokens.verify(tokenOf(call.query), url, "download");
  return await serve(context, call, null, new Date(exp * 1000).toUTCString());
};

export const info: Route = async (context, call) =>
  describe(await find(context, call, await reader(context, call)));

export const infoAuthenticated: Route = async (context, call) =>
  describe(await find(context, call, await call.claims()));

export const infoPublic: Route = async (context, call) => describe(await findPublic(context, call));

/**
 * The rights to read with: a public bucket is open to everyone, and whoever shows no good token is
 * told that a private one does not exist (STORAGE_WIRE 7).
 */
async function reader({ database }: Context, call: Call): Promise<Claims | null> {
  const bucket = await database.as(null, (query) => findBucket(query, call.bucket));
  if (bucket.public) return null;
  return await call.claims().catch(() => {
    throw noSuchBucket();
  });
}

function find({ database }: Context, call: Call, claims: Claims | null): Promise<StoredObject> {
  const key = validKey(call.key);
  return database.as(claims, (query) => findObject(query, call.bucket, key));
}

/** STORAGE_WIRE 5: a missing object comes before a bucket that is not public. */
async function findPublic(context: Context, call: Call): Promise<StoredObject> {
  const object = await find(context, call, null);
  const bucket = await context.database.as(null, (query) => findBucket(query, call.bucket));
  if (!bucket.public) throw noSuchBucket();
  return object;
}

function describe(object: StoredObject): Response {
  const { metadata, user_metadata, updated_at, created_at } = object as StoredObject & Dates;
  return Response.json({
    id: object.id,
    name: object.name,
    version: object.version,
    bucket_id: object.bucket_id,
    size: metadata.size,
    content_type: metadata.mimetype,
    cache_control: metadata.cacheControl,
    etag: metadata.eTag,
    metadata: user_metadata,
    last_modified: updated_at,
    created_at,
  });
}

interface Dates {
  created_at: string;
  updated_at: string;
}

async function serve(
  context: Context,
  call: Call,
  claims: Claims | null,
  expires?: string,
): Promise<Response> {
  const { object, file } = await open(context, call, claims);
  const close = (status: number, headers = {}) => {
    file.close();
    return new Response(null, { status, headers });
  };
  const headers = headersOf(object, call.query.get("download"), expires);
  if (call.request.headers.get("if-none-match") === object.metadata.eTag) {
    return close(304, headers);
  }
  const range = rangeOf(call.request, object.metadata.size);
  if (range === "unsatisfiable") {
    file.close();
    throw new StorageError(416, "InvalidRange", "invalid range provided", "invalid_range");
  }
  const { start, length } = range ?? { start: 0, length: object.metadata.size };
  headers["Content-Length"] = String(length);
  if (range) {
    headers["Content-Range"] = `bytes ${start}-${start + length - 1}/${object.metadata.size}`;
  }
  const status = range ? 206 : 200;
  if (call.request.method === "HEAD") return close(status, headers);
  return new Response(await stretch(file, start, length), { status, headers });
}

/** The row and its bytes. An upload may replace both between the two steps: then look again. */
async function open(context: Context, call: Call, claims: Claims | null) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const object = await find(context, call, claims);
    try {
      return { object, file: await context.blobs.open(object.version) };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw noSuchKey();
}

function headersOf({ metadata }: StoredObject, download: string | null, expires?: string) {
  const headers: Record<string, string> = {
    "Accept-Ranges": "bytes",
    "Content-Type": metadata.mimetype.includes("text/html") ? "text/plain" : metadata.mimetype,
    "ETag": metadata.eTag,
    "Last-Modified": new Date(metadata.lastModified).toUTCString(),
    "X-Robots-Tag": "none",
  };
  if (expires) headers["Expires"] = expires;
  else headers["Cache-Control"] = metadata.cacheControl;
  if (download !== null) {
    const name = encodeURIComponent(download);
    headers["Content-Disposition"] = download === ""
      ? "attachment;"
      : `attachment; filename=${name}; filename*=UTF-8''${name}`;
  }
  return headers;
}

/** One range as asked for, cut at the end of the object. */
function rangeOf(request: Request, size: number) {
  const header = request.headers.get("range");
  if (header === null) return null;
  const [, first, last] = header.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  if (first === undefined || first + last === "") return "unsatisfiable";
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  return start > end ? "unsatisfiable" : { start, length: end - start + 1 };
}
