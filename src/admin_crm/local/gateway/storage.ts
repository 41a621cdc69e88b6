import type { Blobs } from "./storage/blobs.ts";
import * as buckets from "./storage/buckets.ts";
import type { Call, Context, Route } from "./storage/context.ts";
import * as downloads from "./storage/download.ts";
import { accessDenied, errorResponse, invalidRequest } from "./storage/errors.ts";
import { rawPath } from "./storage/keys.ts";
import { list, listV2 } from "./storage/listing.ts";
import * as objects from "./storage/objects.ts";
import { Pending } from "./storage/pending.ts";
import * as resumable from "./storage/resumable.ts";
import { sign, signMany } from "./storage/signing.ts";
import { Tokens } from "./storage/tokens.ts";
import { signUpload, upload, uploadSigned } from "./storage/upload.ts";
import type { Claims, Database } from "./types.ts";

export interface StorageOptions {
  database: Database;
  blobs: Blobs;
  /** Where uploads that have not ended are kept. */
  folder: string;
  secret: string;
  /** Where clients find the storage root, for example http://127.0.0.1:54321/storage/v1. */
  publicUrl: string;
  fileSizeLimit: number;
  /** Throws an Error with the real server's message when the token is no good. */
  authenticate: (request: Request) => Promise<Claims>;
}

// The first that fits wins. `:bucket` is one segment, `*` the key: all the rest.
const routes: [method: string, path: RegExp, route: Route][] = ([
  ["GET", "/status", () => Promise.resolve(new Response())],
  ["GET", "/version", () => Promise.resolve(new Response("1.70.6"))],
  ["GET", "/health", health],

  ["GET", "/bucket", buckets.listBuckets],
  ["POST", "/bucket", buckets.createBucket],
  ["POST", "/bucket/:bucket/empty", buckets.emptyBucket],
  ["GET", "/bucket/:bucket", buckets.getBucket],
  ["PUT", "/bucket/:bucket", buckets.updateBucket],
  ["DELETE", "/bucket/:bucket", buckets.deleteBucket],

  ["POST", "/object/list/:bucket", list],
  ["POST", "/object/list-v2/:bucket", listV2],
  ["POST", "/object/move", objects.move],
  ["POST", "/object/copy", objects.copy],
  ["POST", "/object/upload/sign/:bucket/*", signUpload],
  ["PUT", "/object/upload/sign/:bucket/*", uploadSigned],
  ["POST", "/object/sign/:bucket/*", sign],
  ["POST", "/object/sign/:bucket", signMany],

  ["GET", "/object/sign/:bucket/*", downloads.downloadSigned],
  ["GET", "/object/info/public/:bucket/*", downloads.infoPublic],
  ["GET", "/object/info/authenticated/:bucket/*", downloads.infoAuthenticated],
  ["GET", "/object/info/:bucket/*", downloads.info],
  ["GET", "/object/public/:bucket/*", downloads.downloadPublic],
  ["GET", "/object/authenticated/:bucket/*", downloads.downloadAuthenticated],
  ["GET", "/object/:bucket/*", downloads.download],

  ["POST", "/object/:bucket/*", upload],
  ["PUT", "/object/:bucket/*", upload],
  ["DELETE", "/object/:bucket/*", objects.removeOne],
  ["DELETE", "/object/:bucket", objects.removeMany],

  ["OPTIONS", "/upload/resumable*", resumable.capabilities],
  ["POST", "/upload/resumable", resumable.createUpload],
  ["POST", "/upload/resumable/sign", resumable.createUpload],
  ...["/upload/resumable/sign/*", "/upload/resumable/*"].flatMap((path) => [
    ["PATCH", path, resumable.continueUpload],
    ["HEAD", path, resumable.headUpload],
    ["DELETE", path, resumable.deleteUpload],
  ]),
] as [string, string, Route][]).map(([method, path, route]) => [method, matcher(path), route]);

/**
 * Supabase's storage server as STORAGE_WIRE.md measured it (sections are named where they matter),
 * over the stack's own database and a folder. Hand it requests as they came over the wire: a URL
 * taken apart and put together again has lost its dot segments.
 */
export function createStorage(options: StorageOptions): (request: Request) => Promise<Response> {
  const context: Context = {
    ...options,
    pending: new Pending(options.folder),
    tokens: new Tokens(options.secret),
  };
  const prefix = new URL(options.publicUrl).pathname;
  return async (request) => {
    const path = rawPath(request.url, prefix);
    const response = await answer(context, options.authenticate, request, path);
    // Left unread, a body would break the connection before its sender sees the answer.
    if (request.body && !request.bodyUsed) await drain(request.body);
    return response;
  };
}

async function answer(
  context: Context,
  authenticate: StorageOptions["authenticate"],
  request: Request,
  path: string,
): Promise<Response> {
  const method = request.method;
  for (const [wanted, pattern, route] of routes) {
    const found = path.match(pattern);
    if (!found || !(method === wanted || method === "HEAD" && wanted === "GET")) continue;
    try {
      const { bucket = "", key = "" } = found.groups ?? {};
      return await route(context, {
        request,
        path,
        query: new URL(request.url).searchParams,
        bucket: decodeURIComponent(bucket),
        key: decodeURIComponent(key),
        claims: () => claimsOf(request, authenticate),
      });
    } catch (error) {
      return error instanceof URIError ? badUrl(path) : errorResponse(error);
    }
  }
  return unknownRoute(method, path);
}

async function claimsOf(request: Request, authenticate: StorageOptions["authenticate"]) {
  if (!request.headers.has("authorization")) {
    throw invalidRequest("headers must have required property 'authorization'");
  }
  return await authenticate(request).catch((error: Error) => {
    throw accessDenied(error.message);
  });
}

function matcher(path: string): RegExp {
  const source = path.replace(":bucket", "(?<bucket>[^/]+)").replace("*", "(?<key>.*)");
  return new RegExp(`^${source}/?$`);
}

async function health(_: Context, call: Call): Promise<Response> {
  await call.claims();
  return Response.json({ healthy: true });
}

function badUrl(path: string): Response {
  return Response.json({
    error: "Bad Request",
    code: "FST_ERR_BAD_URL",
    message: `'${path}' is not a valid url component`,
    statusCode: 400,
  }, { status: 400 });
}

function unknownRoute(method: string, path: string): Response {
  const message = `Route ${method}:${path} not found`;
  const place = path.startsWith("/object")
    ? { statusCode: "404", code: "InvalidRequest" }
    : { statusCode: 404 };
  return Response.json({ ...place, error: "Not Found", message }, { status: 404 });
}

async function drain(body: ReadableStream): Promise<void> {
  await body.pipeTo(new WritableStream()).catch(() => {});
}
