import { Buffer } from "node:buffer";

import type { Claims } from "../types.ts";
import type { Bytes } from "./blobs.ts";
import type { Call, Context, Route } from "./context.ts";
import { brokenOff, StorageError, tooLarge } from "./errors.ts";
import { validKey } from "./keys.ts";
import { parseForm } from "./multipart.ts";
import {
  type Bucket,
  type Description,
  emptyObject,
  findBucket,
  mayWrite,
  save,
  storedObject,
} from "./rows.ts";
import { tokenOf } from "./tokens.ts";

const UPLOAD_TOKEN_SECONDS = 60;
const FORM_OVERHEAD = 1024 * 1024;

interface Upload extends Description {
  bytes: Bytes;
}

/** POST creates and, asked to, replaces; PUT always replaces. */
export const upload: Route = async (context, call) => {
  const claims = await call.claims();
  const upsert = call.request.method === "PUT" || wantsUpsert(call.request);
  const id = await receive(context, call, claims, claims.sub, upsert);
  return Response.json({ Key: `${call.bucket}/${call.key}`, Id: id });
};

export const signUpload: Route = async (context, call) => {
  const claims = await call.claims();
  const url = `${call.bucket}/${validKey(call.key)}`;
  const upsert = wantsUpsert(call.request);
  await mayWrite(context, claims, emptyObject(call.bucket, call.key, claims.sub), upsert);
  const grant = { url, scope: "upload", upsert, owner: claims.sub } as const;
  const token = await context.tokens.sign(grant, UPLOAD_TOKEN_SECONDS);
  return Response.json({ url: `/object/upload/sign/${url}?token=${token}`, token });
};

export const uploadSigned: Route = async (context, call) => {
  const url = `${call.bucket}/${call.key}`;
  const grant = await context.tokens.verify(tokenOf(call.query), url, "upload");
  await receive(context, call, null, grant.owner, grant.upsert === true);
  return Response.json({ Key: url });
};

/** STORAGE_WIRE 2: only the exact word counts. */
export function wantsUpsert(request: Request): boolean {
  return request.headers.get("x-upsert") === "true";
}

export function sizeLimit(context: Context, bucket: Bucket): number {
  return Math.min(context.fileSizeLimit, Number(bucket.file_size_limit ?? Infinity));
}

/** STORAGE_WIRE 2: wildcards count, letter case too, and parameters are not looked through. */
export function checkMimetype(mimetype: string, bucket: Bucket): void {
  const allowed = bucket.allowed_mime_types ?? [];
  const family = `${mimetype.split("/")[0]}/*`;
  if (allowed.length === 0 || allowed.includes(mimetype) || allowed.includes(family)) return;
  const message = `mime type ${mimetype} is not supported`;
  throw new StorageError(415, "InvalidMimeType", message, "invalid_mime_type");
}

async function receive(
  context: Context,
  call: Call,
  claims: Claims | null,
  owner: string | undefined,
  upsert: boolean,
): Promise<string> {
  const key = validKey(call.key);
  const bucket = await context.database.as(null, (query) => findBucket(query, call.bucket));
  const placeholder = key.endsWith(".emptyFolderPlaceholder");
  const limit = placeholder ? 0 : sizeLimit(context, bucket);
  const given = await read(call.request, limit);
  if (!placeholder) checkMimetype(given.mimetype, bucket);
  const blob = await context.blobs.write(given.bytes);
  const object = storedObject(bucket.id, key, blob, { ...given, owner });
  return await save(context, claims, object, upsert);
}

async function read(request: Request, limit: number): Promise<Upload> {
  const type = request.headers.get("content-type");
  return type?.startsWith("multipart/form-data")
    ? readForm(await readAll(request, limit + FORM_OVERHEAD), type, limit)
    : readRaw(request, limit);
}

function readForm(body: Buffer<ArrayBuffer>, contentType: string, limit: number): Upload {
  const { file, fields } = parseForm(body, contentType);
  if (file.content.length > limit) throw tooLarge();
  const seconds = fields.get("cacheControl");
  return {
    bytes: file.content,
    mimetype: fields.get("contentType") || file.type,
    cacheControl: seconds ? `max-age=${seconds}` : "no-cache",
    userMetadata: jsonOrNothing(fields.get("metadata")),
  };
}

/** STORAGE_WIRE 2: a body that does not announce its length is never measured. */
function readRaw(request: Request, limit: number): Upload {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  const userMetadata = request.headers.get("x-metadata");
  return {
    bytes: request.body ?? new Uint8Array(),
    mimetype: request.headers.get("content-type") || "application/octet-stream",
    cacheControl: request.headers.get("cache-control") ?? "no-cache",
    userMetadata: jsonOrNothing(userMetadata && Buffer.from(userMetadata, "base64").toString()),
  };
}

async function readAll(request: Request, limit: number): Promise<Buffer<ArrayBuffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      if ((size += chunk.length) > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof StorageError ? error : brokenOff();
  }
  return Buffer.concat(chunks);
}

export function jsonOrNothing(text: string | null | undefined): Record<string, unknown> {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    return {};
  }
}
