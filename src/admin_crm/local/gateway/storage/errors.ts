/** A refusal in the terms of Supabase's storage server: the true status travels inside the body. */
export class StorageError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly error: string = code,
  ) {
    super(message);
  }
}

export const noSuchKey = () => new StorageError(404, "NoSuchKey", "Object not found", "not_found");

export const noSuchBucket = () =>
  new StorageError(404, "NoSuchBucket", "Bucket not found", "Bucket not found");

export const duplicate = (code = "KeyAlreadyExists") =>
  new StorageError(409, code, "The resource already exists", "Duplicate");

export const accessDenied = (message: string) =>
  new StorageError(403, "AccessDenied", message, "Unauthorized");

export const invalidRequest = (message: string) =>
  new StorageError(400, "InvalidRequest", message, "Error");

export const noContent = (message = "No content provided") =>
  new StorageError(400, "InvalidRequest", message);

/** The sender went away before all was there; hardly anyone will read this. */
export const brokenOff = () =>
  new StorageError(400, "InvalidRequest", "Client Error", "Bad Request");

export const tooLarge = () =>
  new StorageError(
    413,
    "EntityTooLarge",
    "The object exceeded the maximum allowed size",
    "Payload too large",
  );

/** Name the duplicate the way the route does; the database only says that there is one. */
export const duplicateAs = (code: string) => (error: unknown): never => {
  throw sqlState(error) === "23505" ? duplicate(code) : error;
};

export function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  switch (sqlState(error)) {
    case undefined:
      console.error(error);
      return new StorageError(500, "InternalError", "Internal Server Error", "Internal");
    case "42501":
      return accessDenied("new row violates row-level security policy");
    case "23505":
      return duplicate();
    case "23503":
      return new StorageError(404, "InvalidRequest", "The related resource does not exist");
    default:
      return new StorageError(500, "DatabaseError", `database error, code: ${sqlState(error)}`);
  }
}

/** STORAGE_WIRE 1: HTTP 400 whatever the cause, except for our own failures. */
export function errorResponse(error: unknown): Response {
  const { status, code, message, error: name } = asStorageError(error);
  return Response.json({ statusCode: String(status), error: name, message, code }, {
    status: status === 500 || status === 416 ? status : 400,
  });
}

function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown })?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
