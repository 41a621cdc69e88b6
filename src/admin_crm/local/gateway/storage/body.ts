import { invalidRequest, StorageError } from "./errors.ts";

/** Reads one field of a JSON body: gives its value, or refuses it with the words of the real server. */
type Check<T> = (value: unknown, path: string) => T;
type Shape = Record<string, Check<unknown>>;
type Fields<S extends Shape> = { [K in keyof S]: ReturnType<S[K]> };

export async function readBody<S extends Shape>(request: Request, shape: S): Promise<Fields<S>> {
  const body = await request.text().then(parse);
  if (typeof body !== "object" || body === null) throw invalidRequest("body must be object");
  return fields(body as Record<string, unknown>, "body", shape);
}

function parse(text: string): unknown {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    const message = "Body is not valid JSON but content-type is set to 'application/json'";
    throw new StorageError(400, "InvalidRequest", message, "FastifyError");
  }
}

function fields<S extends Shape>(body: Record<string, unknown>, path: string, shape: S): Fields<S> {
  const checked = Object.entries(shape).map(([name, check]) => {
    const value = check(body[name], `${path}/${name}`);
    return [name, value];
  });
  return Object.fromEntries(checked);
}

export const required = <T>(check: Check<T>): Check<T> => (value, path) => {
  if (value !== undefined) return check(value, path);
  const [, parent, name] = path.match(/^(.*)\/(.*)$/)!;
  throw invalidRequest(`${parent} must have required property '${name}'`);
};

export const optional = <T>(check: Check<T>): Check<T | undefined> => (value, path) =>
  value === undefined ? undefined : check(value, path);

export const nullable = <T>(check: Check<T>): Check<T | null> => (value, path) =>
  value === null ? null : check(value, path);

export const text: Check<string> = (value, path) => {
  if (value === null) return "";
  if (typeof value === "object") throw invalidRequest(`${path} must be string`);
  return String(value);
};

export const flag: Check<boolean> = (value, path) => {
  if (value === true || value === "true") return true;
  if (value === false || value === "false" || value === null) return false;
  throw invalidRequest(`${path} must be boolean`);
};

export const integer = (least: number): Check<number> => (value, path) => {
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  if (!Number.isInteger(number)) throw invalidRequest(`${path} must be integer`);
  if (number as number < least) throw invalidRequest(`${path} must be >= ${least}`);
  return number as number;
};

export const texts = (least: number, most = Infinity): Check<string[]> => (value, path) => {
  if (!Array.isArray(value)) throw invalidRequest(`${path} must be array`);
  if (value.length < least) {
    throw invalidRequest(`${path} must NOT have fewer than ${least} items`);
  }
  if (value.length > most) throw invalidRequest(`${path} must NOT have more than ${most} items`);
  return value.map((item, index) => text(item, `${path}/${index}`));
};

export const oneOf = <T extends string>(...allowed: T[]): Check<T> => (value, path) => {
  if (allowed.includes(value as T)) return value as T;
  throw invalidRequest(`${path} must be equal to one of the allowed values`);
};

export const object = <S extends Shape>(shape: S): Check<Fields<S>> => (value, path) => {
  if (typeof value !== "object" || value === null) throw invalidRequest(`${path} must be object`);
  return fields(value as Record<string, unknown>, path, shape);
};
