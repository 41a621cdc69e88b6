/** What the functions read of the shop, over its REST interface. */
import { type Customer, type Order, type Product } from "./rules.ts";

const PAGE = 1000;

/**
 * Whether a request comes from an administrator or holds the secret key. The auth server is asked,
 * since a token's own claims are worth nothing where the platform does not verify them.
 */
export async function isAdministrator(request: Request): Promise<boolean> {
  const authorization = request.headers.get("authorization") ?? "";
  const bearer = authorization.replace(/^Bearer\s+/i, "");
  const apikey = request.headers.get("apikey") ??
    (bearer.startsWith("sb_") ? bearer : variable("SUPABASE_ANON_KEY"));
  if (!bearer && !request.headers.has("apikey")) return false;
  const headers = { apikey, authorization: authorization || `Bearer ${apikey}` };
  const user = await askAuth("user", headers);
  if (typeof user?.id === "string") {
    return (await rows(`admin_users?select=id&id=eq.${user.id}`)).length > 0;
  }
  // Only the secret key may list users.
  return await askAuth("admin/users?page=1&per_page=1", headers) !== undefined;
}

/** A customer's profile; undefined for an unknown customer. */
export async function readCustomer(id: string): Promise<Customer | undefined> {
  return (await rows<Customer>(`customer_profiles?select=*&id=eq.${id}`))[0];
}

/** Every order of a customer. */
export function readOrders(customerId: string): Promise<Order[]> {
  return rows(
    `orders?select=customer_id,items,total,status,created_at&customer_id=eq.${customerId}`,
  );
}

/** Every order of the shop, without what was in it. */
export function readAllOrders(): Promise<Order[]> {
  return rows("orders?select=customer_id,total,status,created_at");
}

/** Every customer, with what the shop's insights need. */
export function readCustomers(): Promise<Customer[]> {
  return rows("customer_profiles?select=id,full_name,birthdate");
}

/** The products that run out. */
export function readLowStock(least: number): Promise<Product[]> {
  return rows(`products?select=name,stock&stock=lt.${least}`);
}

/** Store a row, and give it as it was stored. */
export async function insert(
  table: string,
  row: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${variable("SUPABASE_URL")}/rest/v1/${table}`, {
    method: "POST",
    headers: {
      ...withServiceKey(),
      "content-type": "application/json",
      prefer: "return=representation",
    },
    body: JSON.stringify(row),
  });
  if (!answer.ok) throw new Error(`${table}: ${answer.status}`);
  return (await answer.json())[0];
}

async function askAuth(
  path: string,
  headers: Record<string, string>,
): Promise<Record<string, unknown> | undefined> {
  const answer = await fetch(`${variable("SUPABASE_URL")}/auth/v1/${path}`, { headers });
  if (answer.ok) return await answer.json();
  await answer.body?.cancel();
}

/** All rows of a query: the server gives at most so many at once, and says how many there are. */
async function rows<T>(query: string): Promise<T[]> {
  const headers = { ...withServiceKey(), prefer: "count=exact" };
  const found: T[] = [];
  while (true) {
    const page = `order=id&limit=${PAGE}&offset=${found.length}`;
    const answer = await fetch(`${variable("SUPABASE_URL")}/rest/v1/${query}&${page}`, { headers });
    if (!answer.ok) throw new Error(`${query.split("?")[0]}: ${answer.status}`);
    const batch: T[] = await answer.json();
    found.push(...batch);
    const total = Number(answer.headers.get("content-range")?.split("/")[1]);
    if (!batch.length || !(found.length < total)) return found;
  }
}

function withServiceKey(): Record<string, string> {
  const key = variable("SUPABASE_SERVICE_ROLE_KEY");
  return { apikey: key, authorization: `Bearer ${key}` };
}

function variable(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
