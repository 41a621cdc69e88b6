/** Answers as language models give them: bare JSON, JSON in a code fence, or JSON that lacks keys. */
import type { Body } from "./serve.ts";

const OPTIONAL = ["reasoning", "next_steps", "recovery_message", "reason", "description"];

/** The answer as the project's model gives it, by the secret `SHOP_MODEL_ANSWERS`. */
export function asModel(answer: Body, headers: Record<string, string>): Response {
  switch (Deno.env.get("SHOP_MODEL_ANSWERS")) {
    case "fenced":
      return new Response(fenced(answer), {
        headers: { ...headers, "Content-Type": "application/json" },
      });
    case "partial":
      return Response.json(partial(answer), { headers });
    default:
      return Response.json(answer, { headers });
  }
}

export function fenced(answer: Body): string {
  return "Claro, aquí está:\n```json\n" + JSON.stringify(answer, null, 2) + "\n```\n";
}

/** Without what an answer can be used without, at every depth; numbers as texts. */
export function partial(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(partial);
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !OPTIONAL.includes(key));
  return Object.fromEntries(kept.map(([key, each]) => [key, partial(each)]));
}
