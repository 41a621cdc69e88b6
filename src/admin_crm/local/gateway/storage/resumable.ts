import { Buffer } from "node:buffer";

import type { Claims } from "../types.ts";
import type { Call, Context, Route } from "./context.ts";
import { asStorageError, StorageError } from "./errors.ts";
import { validKey } from "./keys.ts";
import type { PendingUpload } from "./pending.ts";
import { emptyObject, findBucket, mayWrite, save, storedObject } from "./rows.ts";
import { invalidSignature } from "./tokens.ts";
import { checkMimetype, jsonOrNothing, sizeLimit, wantsUpsert } from "./upload.ts";

// The TUS protocol, as STORAGE_WIRE 8 has it.

const CHUNK_TYPE = "application/offset+octet-stream";

type Target = Pick<PendingUpload, "bucket" | "key" | "version">;

/** With whose rights the object is written; null where a signed upload URL stands for them. */
interface Writer {
  claims: Claims | null;
  owner?: string;
  upsert: boolean;
}

type Step = (context: Context, call: Call, claims: Claims | null) => Promise<Response>;

export const capabilities: Route = (context) =>
  Promise.resolve(answer(204, {
    "Tus-Version": "1.0.0",
    "Tus-Extension": "creation,creation-with-upload,creation-defer-length,termination,expiration",
    "Tus-Max-Size": String(context.fileSizeLimit),
  }));

export const createUpload = tus(async (context, call, claims) => {
  const { headers } = call.request;
  const length = announcedLength(headers);
  const metadata = parseMetadata(headers.get("upload-metadata"));
  const bucket = metadata.bucketName ?? "";
  const key = validKey(metadata.objectName ?? "");
  const target = { bucket, key, version: crypto.randomUUID() };
  const { upsert, owner } = await authorize(context, call, claims, target);
  const upload = { ...target, length, metadata, upsert, owner, done: false };
  await checkRules(context, upload);
  await context.pending.save(upload);
  const offset = await context.pending.alone(
    upload.version,
    (signal) => receive(context, call, claims, upload, 0, signal),
  );
  return answer(201, { "Location": locationOf(context, call, target), ...offsetOf(offset) });
});

export const continueUpload = tus((context, call, claims) => {
  const target = targetOf(call);
  return context.pending.alone(target.version, async (signal) => {
    const upload = await find(context, target);
    const { headers } = call.request;
    if (headers.get("content-type") !== CHUNK_TYPE) {
      throw refusal(403, "Content-Type header required");
    }
    await authorize(context, call, claims, target);
    const offset = await received(context, upload);
    if (headers.get("upload-offset") !== String(offset)) {
      throw refusal(409, "Upload-Offset conflict");
    }
    if (upload.length === null && headers.has("upload-length")) {
      upload.length = announcedLength(headers);
      await checkRules(context, upload);
      await context.pending.save(upload);
    }
    return answer(204, offsetOf(await receive(context, call, claims, upload, offset, signal)));
  });
});

export const headUpload = tus((context, call) => {
  const target = targetOf(call);
  return context.pending.alone(target.version, async () => {
    const upload = await find(context, target);
    const length: Record<string, string> = upload.length === null
      ? { "Upload-Defer-Length": "1" }
      : { "Upload-Length": String(upload.length) };
    const offset = offsetOf(await received(context, upload));
    return answer(200, { "Cache-Control": "no-store", ...offset, ...length });
  });
});

export const deleteUpload = tus((context, call, claims) => {
  const target = targetOf(call);
  return context.pending.alone(target.version, async () => {
    const upload = await find(context, target);
    if (upload.done) throw refusal(400, "Cannot terminate an already completed upload");
    await authorize(context, call, claims, target);
    await context.pending.remove(target.version);
    await context.blobs.remove([target.version]);
    return answer(204);
  });
});

/** Errors of the protocol are plain text under their true status; those of the login are not. */
function tus(step: Step): Route {
  return async (context, call) => {
    const claims = isSigned(call) ? null : await call.claims();
    try {
      if (call.request.headers.get("tus-resumable") !== "1.0.0") {
        throw refusal(412, "Tus-Resumable Required");
      }
      return await step(context, call, claims);
    } catch (error) {
      const { status, message } = asStorageError(error);
      const body = call.request.method === "HEAD" ? null : message;
      return answer(status, { "Content-Type": "text/plain; charset=utf-8" }, body);
    }
  };
}

function answer(status: number, headers: Record<string, string> = {}, body: string | null = null) {
  return new Response(body, { status, headers: { "Tus-Resumable": "1.0.0", ...headers } });
}

const offsetOf = (offset: number) => ({ "Upload-Offset": String(offset) });

const refusal = (status: number, message: string) => new StorageError(status, "TusError", message);

const isSigned = (call: Call) => /^\/upload\/resumable\/sign(\/|$)/.test(call.path);

function locationOf({ publicUrl }: Context, call: Call, { bucket, key, version }: Target): string {
  const id = Buffer.from(`${bucket}/${key}/${version}`).toString("base64url");
  return `${publicUrl}/upload/resumable${isSigned(call) ? "/sign" : ""}/${id}`;
}

function targetOf(call: Call): Target {
  const id = Buffer.from(call.key, "base64url").toString();
  const [, bucket, key, version] = id.match(/^([^/]+)\/(.+)\/([0-9a-f-]{36})$/) ?? [];
  if (version === undefined) throw refusal(400, "Invalid upload id");
  return { bucket, key, version };
}

async function find({ pending }: Context, target: Target): Promise<PendingUpload> {
  const upload = await pending.find(target.version);
  if (upload?.bucket === target.bucket && upload.key === target.key) return upload;
  throw refusal(404, "The file for this url was not found");
}

async function authorize(
  context: Context,
  call: Call,
  claims: Claims | null,
  { bucket, key }: Target,
): Promise<Writer> {
  const writer = claims
    ? { claims, owner: claims.sub, upsert: wantsUpsert(call.request) }
    : await signedWriter(context, call, `${bucket}/${key}`);
  await mayWrite(context, claims, emptyObject(bucket, key, writer.owner), writer.upsert);
  return writer;
}

async function signedWriter({ tokens }: Context, call: Call, url: string): Promise<Writer> {
  const signature = call.request.headers.get("x-signature");
  if (!signature) throw invalidSignature("Missing x-signature header");
  const { owner, upsert } = await tokens.verify(signature, url, "upload");
  return { claims: null, owner, upsert: upsert === true };
}

function announcedLength(headers: Headers): number | null {
  const length = headers.get("upload-length");
  if (length !== null && /^\d+$/.test(length)) return Number(length);
  if (length === null && headers.get("upload-defer-length") === "1") return null;
  throw refusal(400, "Upload-Length or Upload-Defer-Length header required");
}

function parseMetadata(header: string | null): Record<string, string> {
  if (!header) throw refusal(400, "Metadata header is required");
  const pairs = header.split(",").map((pair) => pair.trim().split(" "));
  return Object.fromEntries(
    pairs.map(([name, value = ""]) => [name, Buffer.from(value, "base64").toString()]),
  );
}

async function checkRules(context: Context, { bucket: id, length, metadata }: PendingUpload) {
  const bucket = await context.database.as(null, (query) => findBucket(query, id));
  if ((length ?? 0) > sizeLimit(context, bucket)) throw refusal(413, "Maximum size exceeded");
  if (metadata.contentType) checkMimetype(metadata.contentType, bucket);
}

async function received({ blobs }: Context, upload: PendingUpload): Promise<number> {
  return upload.done ? upload.length! : await blobs.size(upload.version);
}

/** Add what the request carries, and make the object visible once everything has arrived. */
async function receive(
  context: Context,
  call: Call,
  claims: Claims | null,
  upload: PendingUpload,
  offset: number,
  signal: AbortSignal,
): Promise<number> {
  const { body, headers } = call.request;
  const chunk = headers.get("content-type") === CHUNK_TYPE && body ? body : new Uint8Array();
  const limit = (upload.length ?? context.fileSizeLimit) - offset;
  if (Number(headers.get("content-length") ?? 0) > limit && chunk === body) {
    throw refusal(413, "Maximum size exceeded");
  }
  const size = offset + await context.blobs.append(upload.version, chunk, { limit, signal });
  if (size === upload.length && !upload.done) await finish(context, claims, upload);
  return size;
}

async function finish(context: Context, claims: Claims | null, upload: PendingUpload) {
  const { contentType, cacheControl, metadata } = upload.metadata;
  const object = storedObject(
    upload.bucket,
    upload.key,
    await context.blobs.describe(upload.version),
    {
      owner: upload.owner,
      mimetype: contentType ?? "application/octet-stream",
      cacheControl: /^-?\d+$/.test(cacheControl ?? "") ? `max-age=${cacheControl}` : "no-cache",
      userMetadata: jsonOrNothing(metadata),
    },
  );
  try {
    await save(context, claims, object, upload.upsert);
  } catch (error) {
    await context.pending.remove(upload.version);
    throw error;
  }
  await context.pending.save({ ...upload, done: true });
}
