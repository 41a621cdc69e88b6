import { Buffer } from "node:buffer";

import { noContent } from "./errors.ts";

export interface Form {
  file: { type: string; content: Uint8Array<ArrayBuffer> };
  fields: Map<string, string>;
}

/**
 * Read a multipart form. `Request.formData` will not do: it drops a part with an empty name, which
 * is how supabase-js sends its file.
 */
export function parseForm(body: Buffer<ArrayBuffer>, contentType: string): Form {
  const boundary = contentType.match(/boundary=(?:"([^"]+)"|([^;\s]+))/);
  if (!boundary) throw noContent("Multipart: Boundary not found");
  const fields = new Map<string, string>();
  for (const { headers, content } of parts(body, `--${boundary[1] ?? boundary[2]}`)) {
    if (/\bfilename\*?=/i.test(headers)) {
      return { file: { type: typeOf(headers), content }, fields };
    }
    const name = headers.match(/\bname="([^"]*)"/i)?.[1];
    if (name) fields.set(name, content.toString("utf8"));
  }
  throw noContent();
}

function* parts(body: Buffer<ArrayBuffer>, delimiter: string) {
  let start = body.indexOf(delimiter) + delimiter.length;
  while (body.subarray(start, start + 2).toString("latin1") === "\r\n") {
    const blank = body.indexOf("\r\n\r\n", start);
    const end = body.indexOf(`\r\n${delimiter}`, blank + 4);
    if (blank < 0 || end < 0) return;
    yield {
      headers: body.subarray(start, blank).toString("utf8"),
      content: body.subarray(blank + 4, end),
    };
    start = end + 2 + delimiter.length;
  }
}

/** Without its parameters; STORAGE_WIRE 2: never guessed from the file's extension. */
function typeOf(headers: string): string {
  return headers.match(/^content-type:\s*([^;\r\n]+)/im)?.[1].trim() ?? "text/plain";
}
