/**
 * What every function does around its own work: who may ask, what was asked, how errors are told. As
 * deployed, every failure is HTTP 400. The project's secrets make the functions those of other shops:
 *
 * - `SHOP_FUNCTION_STATUSES=1`: a failure has a status that fits it, as 404 for an unknown customer;
 * - `SHOP_WITHOUT_ACTIONS=a,b`: the actions that are answered "Acción no soportada";
 * - `SHOP_MODEL_ANSWERS=fenced` or `partial`: answers as language models give them (see model.ts).
 */
import { asModel } from "./model.ts";
import { isAdministrator } from "./shop.ts";

export type Body = Record<string, unknown>;
export type Action = (body: Body) => Promise<Body>;

/** A request that is turned away, and with which status. */
export class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, x-client-info, apikey, content-type",
};

/** Serve a function's actions; `usual` is the one meant by a body that names none. */
export function serve(actions: Record<string, Action>, usual?: string): void {
  Deno.serve(async (request) => {
    if (request.method === "OPTIONS") return new Response("ok", { headers: CORS });
    try {
      return asModel(await answerTo(request, actions, usual), CORS);
    } catch (error) {
      return failure(error);
    }
  });
}

function failure(error: unknown): Response {
  const refused = error instanceof Refusal;
  if (!refused) console.error(error);
  const message = refused ? error.message : "La función falló; revisa su registro.";
  const fitting = refused ? error.status : 500;
  const status = Deno.env.get("SHOP_FUNCTION_STATUSES") ? fitting : 400;
  return Response.json({ error: message }, { status, headers: CORS });
}

async function answerTo(
  request: Request,
  actions: Record<string, Action>,
  usual?: string,
): Promise<Body> {
  if (request.method !== "POST") throw new Refusal(405, "Usa POST.");
  if (!await isAdministrator(request)) {
    throw new Refusal(403, "Solo el personal administrador puede consultar esta función.");
  }
  const body: unknown = await request.json().catch(() => null);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new Refusal(400, "El cuerpo debe ser un objeto JSON.");
  }
  const { action = usual, ...rest } = body as Body;
  const without = (Deno.env.get("SHOP_WITHOUT_ACTIONS") ?? "").split(",");
  if (typeof action !== "string" || !Object.hasOwn(actions, action) || without.includes(action)) {
    throw new Refusal(400, "Acción no soportada");
  }
  return { ...await actions[action](rest), source: "rules" };
}

/** A text of the body, refused where it is missing, blank or too long. */
export function textOf(body: Body, name: string, most = 2000): string {
  const value = body[name];
  if (typeof value !== "string" || !value.trim() || value.length > most) {
    throw new Refusal(400, `${name} debe ser un texto de 1 a ${most} caracteres.`);
  }
  return value.trim();
}
