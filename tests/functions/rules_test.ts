import { deepStrictEqual as equal, match, ok } from "node:assert";

import {
  type Customer,
  historyOf,
  insightsOf,
  loyaltyOf,
  narrativeOf,
  type Order,
  parseIntent,
  segmentOf,
  suggestTags,
  supplierCopy,
  whatsAppCopy,
} from "../../src/admin_crm/local/supabase/functions/_shared/rules.ts";

const NOW = new Date("2025-11-22T12:00:00Z");
const ANA: Customer = {
  id: "abcd0000-0000-4000-8000-000000000000",
  full_name: "Ana María Peña",
  birthdate: "1990-11-03",
  whatsapp: "+52 55 1234 5678",
  account_status: "active",
};
const NAMELESS: Customer = { id: ANA.id };

function order(daysAgo: number, total: number | string = 100, more: Partial<Order> = {}): Order {
  const created_at = new Date(NOW.getTime() - daysAgo * 24 * 3600 * 1000).toISOString();
  return { customer_id: ANA.id, items: null, status: "delivered", total, created_at, ...more };
}

function history(count: number, daysAgo: number, total = 100) {
  return historyOf(Array.from({ length: count }, () => order(daysAgo, total)), NOW);
}

Deno.test("a cancelled order counts for nothing, however it is spelt", () => {
  const orders = ["cancelled", "canceled", "cancelado", "Cancelado"].map((status) =>
    order(1, 100, { status })
  );
  equal(historyOf(orders, NOW), {
    recency: null,
    frequency: 0,
    monetary: 0,
    average: 0,
    favourites: [],
  });
});

Deno.test("a history adds up, with favourites by quantity and then by name", () => {
  const items = [
    { name: "Vela", quantity: 1 },
    { name: "Aretes", quantity: 1 },
    { name: "Manta", quantity: 3 },
    { name: null, quantity: 9 },
    { name: "Jabón", quantity: null },
  ];
  const told = historyOf([order(40, "10.50"), order(3, 20, { items })], NOW);
  equal(told, {
    recency: 3,
    frequency: 2,
    monetary: 30.5,
    average: 15.25,
    // A missing quantity counts one, as in the web admin.
    favourites: ["Manta", "Aretes", "Jabón"],
  });
});

Deno.test("a customer's odd items cost nothing but themselves", () => {
  const odd = [{}, "taza", [null], [5, [], "x"], [{ name: {}, quantity: 2 }, {
    name: "Vela",
    quantity: "dos",
  }]];
  const told = historyOf([...odd.map((items) => order(1, 1, { items })), order(1, 1)], NOW);
  equal([told.frequency, told.favourites], [6, ["Vela"]]);
});

Deno.test("the segments have the view's thresholds", () => {
  equal(segmentOf(history(3, 15)), "Campeón");
  equal(segmentOf(history(2, 15)), "Leal");
  equal(segmentOf(history(3, 16)), "Leal");
  equal(segmentOf(history(2, 30)), "Leal");
  equal(segmentOf(history(1, 1)), "Regular");
  equal(segmentOf(history(2, 31)), "Regular");
  equal(segmentOf(history(9, 45)), "Regular");
  equal(segmentOf(history(9, 46)), "En Riesgo");
  // Whoever has not bought is 365 days away.
  equal(segmentOf(history(0, 0)), "En Riesgo");
});

Deno.test("tags say what stands out", () => {
  const told = suggestTags(ANA, history(20, 2, 2000), NOW);
  equal(told.tags, ["vip", "ticket-alto", "mayoreo", "cumple-este-mes"]);
  equal(told.segment, "Campeón");
  equal(suggestTags(NAMELESS, history(0, 0), NOW).tags, ["prospecto", "sin-whatsapp"]);
});

Deno.test("a message greets by the first name and says what was asked for", () => {
  equal(
    whatsAppCopy(ANA, history(1, 1), "Llegó tu pedido.").message,
    "¡Hola Ana! 😊 Llegó tu pedido.",
  );
  match(whatsAppCopy(NAMELESS, history(0, 0)).message, /^¡Hola! 😊 Nos encantaría/);
  match(whatsAppCopy(ANA, history(6, 60)).message, /Hace tiempo que no te vemos\.$/);
  match(whatsAppCopy(ANA, history(1, 40)).message, /Hay novedades que te van a gustar\.$/);
});

Deno.test("a narrative warns of an account that is not active", () => {
  const told = narrativeOf({ ...ANA, account_status: "banned" }, history(1, 0)).narrative;
  match(told, /^Ana María Peña: 1 compra por \$100\.00, la última hoy\./);
  match(told, /no está activa/);
  match(narrativeOf(NAMELESS, history(0, 0)).narrative, /^Esta persona: Aún no ha comprado\./);
});

Deno.test("a coupon is suggested to who needs one, and a message to who drifts away", () => {
  const lost = loyaltyOf(ANA, history(1, 200));
  equal(lost.suggested_coupon?.code, "VUELVE20-ABCD");
  match(lost.recovery_message ?? "", /VUELVE20-ABCD/);
  const champion = loyaltyOf(ANA, history(8, 1, 2000));
  ok(champion.suggested_coupon && !champion.recovery_message);
  const prospect = loyaltyOf(ANA, history(0, 0));
  ok(prospect.suggested_coupon && !prospect.recovery_message);
  ok(!loyaltyOf(ANA, history(1, 40)).suggested_coupon);
});

Deno.test("insights tell of risk, sales, birthdays and stock, and an empty shop has none", () => {
  const shop = {
    customers: [ANA],
    orders: [order(100), order(40, 50, { customer_id: "b" }), order(1, 10, { customer_id: null })],
    lowStock: [{ name: "Vela", stock: 1 }],
  };
  const told = insightsOf(shop, NOW).insights;
  equal(told.map((each) => each.type), ["warning", "warning", "opportunity", "info"]);
  equal(told[0].title, "1 cliente en riesgo");
  equal(insightsOf({ customers: [], orders: [], lowStock: [] }, NOW), { insights: [] });
});

Deno.test("an intent is found by its words, with and without accents", () => {
  equal(parseIntent("¿Quién está INÁCTIVO?").intent, "show_at_risk");
  equal(parseIntent("suspende a Luis").intent, "suspend_customer");
  equal(parseIntent("hmm"), { intent: "unknown", query: "hmm", confidence: 0 });
});

Deno.test("a supplier is told what is left", () => {
  match(supplierCopy("Vela", 3, "V-1").message, /Vela \(SKU V-1\) nos quedan 3 piezas/);
  match(supplierCopy("Vela", 0).message, /De Vela se nos agotó/);
});
