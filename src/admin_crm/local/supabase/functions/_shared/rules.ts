/** What the functions answer, by rules over order history (recency, frequency, money) and no model. */

export interface Customer {
  id: string;
  full_name?: string | null;
  birthdate?: string | null;
  whatsapp?: string | null;
  account_status?: string | null;
}

/** One line of an order, as whoever placed it wrote it. */
export interface Item {
  name?: unknown;
  quantity?: unknown;
}

export interface Order {
  customer_id?: string | null;
  items?: unknown;
  total: number | string;
  status: string | null;
  created_at: string;
}

export interface Product {
  name: string;
  stock: number;
}

/** What a customer's orders come to, the cancelled ones left out; recency is in days. */
export interface History {
  recency: number | null;
  frequency: number;
  monetary: number;
  average: number;
  favourites: string[];
}

export interface Insight {
  type: "opportunity" | "warning" | "success" | "info";
  title: string;
  description: string;
}

export type Loyalty = {
  analysis: string;
  suggested_coupon?: { code: string; discount: number; reason: string };
  recovery_message?: string;
  next_steps: string[];
};

export interface Shop {
  customers: Customer[];
  orders: Order[];
  lowStock: Product[];
}

export interface Offer {
  campaign: string;
  message: string;
  discount: number;
}

const CANCELLED = ["cancelled", "canceled", "cancelado"];
const DAY = 24 * 3600 * 1000;
/** What the directory's view says of whoever has not bought. */
const NEVER = 365;

export function historyOf(orders: Order[], now: Date): History {
  // As in the view, an order of no status counts for nothing.
  const counted = orders.filter(({ status }) =>
    status && !CANCELLED.includes(status.toLowerCase())
  );
  const monetary = counted.reduce((sum, order) => sum + Number(order.total), 0);
  const last = Math.max(...counted.map((order) => Date.parse(order.created_at)));
  return {
    recency: counted.length ? Math.max(0, Math.floor((now.getTime() - last) / DAY)) : null,
    frequency: counted.length,
    monetary,
    average: counted.length ? monetary / counted.length : 0,
    favourites: favouritesOf(counted),
  };
}

function favouritesOf(orders: Order[]): string[] {
  const bought = new Map<string, number>();
  for (const { name, quantity } of orders.flatMap(itemsOf)) {
    if (typeof name !== "string" || !name) continue;
    bought.set(name, (bought.get(name) ?? 0) + (typeof quantity === "number" ? quantity : 1));
  }
  const ranked = [...bought].sort(([a, m], [b, n]) => n - m || a.localeCompare(b, "es"));
  return ranked.slice(0, 3).map(([name]) => name);
}

function itemsOf(order: Order): Item[] {
  if (!Array.isArray(order.items)) return [];
  return order.items.filter((item) => typeof item === "object" && item !== null);
}

/** The segment, by the same thresholds as the directory's view. */
export function segmentOf({ recency, frequency }: History): string {
  const days = recency ?? NEVER;
  if (days <= 15 && frequency >= 3) return "Campeón";
  if (days <= 30 && frequency >= 2) return "Leal";
  if (days > 45) return "En Riesgo";
  return "Regular";
}

export function suggestTags(customer: Customer, history: History, now: Date) {
  const segment = segmentOf(history);
  const ofSegment: Record<string, string> = {
    "Campeón": "vip",
    "Leal": "leal",
    "En Riesgo": "en-riesgo",
    "Regular": "regular",
  };
  const tags = [history.frequency ? ofSegment[segment] : "prospecto"];
  if (history.average >= 1500) tags.push("ticket-alto");
  if (history.frequency >= 20) tags.push("mayoreo");
  if (isBirthdayMonth(customer, now)) tags.push("cumple-este-mes");
  if (!customer.whatsapp) tags.push("sin-whatsapp");
  return { tags, segment, reasoning: `${figures(history)} Por eso queda en «${segment}».` };
}

export function whatsAppCopy(customer: Customer, history: History, context?: string) {
  const hello = `¡Hola${firstName(customer, " ")}! 😊`;
  const favourite = history.favourites[0];
  const about: Record<string, string> = {
    "Campeón": "Eres de nuestras personas favoritas: te apartamos las novedades antes que a nadie.",
    "En Riesgo": history.frequency
      ? `Hace tiempo que no te vemos${favourite ? ` y ${favourite} sigue aquí` : ""}.`
      : "Nos encantaría preparar tu primer pedido; ¿buscas algo en especial?",
  };
  const usual = `Hay novedades${
    favourite ? ` que combinan con ${favourite}` : " que te van a gustar"
  }.`;
  return { message: [hello, context ?? about[segmentOf(history)] ?? usual].join(" ") };
}

export function narrativeOf(customer: Customer, history: History) {
  const who = customer.full_name?.trim() || "Esta persona";
  const parts = [`${who}: ${figures(history)}`, `Hoy está en el segmento «${segmentOf(history)}».`];
  if (history.favourites.length) parts.push(`Lo que más lleva: ${list(history.favourites)}.`);
  if (customer.account_status && customer.account_status !== "active") {
    parts.push("Su cuenta no está activa; revísala antes de escribirle.");
  }
  return { narrative: parts.join(" ") };
}

/** What to do for a customer's loyalty; a coupon is only suggested, none is created. */
export function loyaltyOf(customer: Customer, history: History): Loyalty {
  const segment = segmentOf(history);
  const analysis = `${figures(history)} Segmento «${segment}».`;
  const plans: Record<string, [discount: number, prefix: string, reason: string]> = {
    "En Riesgo": history.frequency
      ? [20, "VUELVE", "Más de 45 días sin comprar."]
      : [10, "HOLA", "Un empujón para la primera compra."],
    "Campeón": [10, "GRACIAS", "Reconocer a quien más compra."],
  };
  if (!(segment in plans)) {
    return { analysis, next_steps: ["Mantener el contacto mensual.", "Recomendar novedades."] };
  }
  const [discount, prefix, reason] = plans[segment];
  const code = `${prefix}${discount}-${customer.id.slice(0, 4).toUpperCase()}`;
  const drifting = history.frequency > 0 && segment === "En Riesgo";
  return {
    analysis,
    suggested_coupon: { code, discount, reason },
    ...drifting && {
      recovery_message: `¡Hola${
        firstName(customer, " ")
      }! Te extrañamos: ${discount} % con ${code}.`,
    },
    next_steps: [
      `Dar de alta el cupón ${code} y enviarlo por WhatsApp.`,
      "Revisar en 14 días si hubo compra.",
    ],
  };
}

/** An offer to a customer, more generous to who drifts away. */
export function offerOf(customer: Customer, history: History): Offer {
  const discounts: Record<string, number> = { "Campeón": 10, "En Riesgo": 20 };
  const segment = segmentOf(history);
  const discount = discounts[segment] ?? 15;
  const campaign = segment === "En Riesgo" ? "VUELVE" : "GRACIAS";
  const hello = `¡Hola${firstName(customer, " ")}!`;
  return { campaign, discount, message: `${hello} Tienes ${discount} % en tu próxima compra.` };
}

export function insightsOf({ customers, orders, lowStock }: Shop, now: Date) {
  const insights: Insight[] = [];
  const drifting = [...byCustomer(orders)]
    .map(([, own]) => historyOf(own, now))
    .filter((history) => segmentOf(history) === "En Riesgo");
  if (drifting.length) {
    const worth = drifting.reduce((sum, history) => sum + history.monetary, 0);
    insights.push({
      type: "warning",
      title: `${plural(drifting.length, "cliente", "clientes")} en riesgo`,
      description: `Más de 45 días sin comprar; valen ${pesos(worth)} en compras.`,
    });
  }
  const sales = (from: number, to: number) =>
    historyOf(orders.filter((order) => isBetween(order, now, from, to)), now).monetary;
  const [current, before] = [sales(0, 30), sales(30, 60)];
  if (current || before) {
    insights.push({
      type: current >= before ? "success" : "warning",
      title: current >= before ? "Las ventas suben" : "Las ventas bajan",
      description: `${pesos(current)} en los últimos 30 días; ${
        pesos(before)
      } en los 30 anteriores.`,
    });
  }
  const birthdays = customers.filter((customer) => isBirthdayMonth(customer, now)).length;
  if (birthdays) {
    insights.push({
      type: "opportunity",
      title: `${birthdays} cumpleaños este mes`,
      description: "Una felicitación con un detalle suele traer una compra.",
    });
  }
  if (lowStock.length) {
    insights.push({
      type: "info",
      title: `${plural(lowStock.length, "producto", "productos")} por agotarse`,
      description: `Conviene resurtir ${
        list(lowStock.slice(0, 3).map((product) => product.name))
      }.`,
    });
  }
  return { insights };
}

/** What an administrator means by a sentence, by its words. */
export function parseIntent(query: string) {
  const plain = query.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const intents: [string, RegExp][] = [
    ["suspend_customer", /\b(suspend|bloque|banea)/],
    ["send_message", /\b(mensaje|whatsapp|escrib|notific|avis)/],
    ["show_at_risk", /\b(riesgo|perdid|inactiv|reactiv)/],
    ["show_orders", /\b(pedido|orden|compra)/],
    ["show_stock", /\b(stock|inventario|existencia|resurt|agot)/],
    ["find_customer", /\b(busca|encuentra|cliente|quien)/],
  ];
  const intent = intents.find(([, words]) => words.test(plain))?.[0] ?? "unknown";
  return { intent, query, confidence: intent === "unknown" ? 0 : 0.6 };
}

export function supplierCopy(productName: string, currentStock: number, sku?: string) {
  const what = sku ? `${productName} (SKU ${sku})` : productName;
  const urgency = currentStock > 0 ? `nos quedan ${currentStock} piezas` : "se nos agotó";
  return {
    message: `Hola, buen día. De ${what} ${urgency} y queremos resurtir. ` +
      "¿Nos comparten precio por mayoreo, mínimo de compra y fecha de entrega? Gracias.",
  };
}

function figures({ recency, frequency, monetary }: History): string {
  if (recency === null) return "Aún no ha comprado.";
  const times = plural(frequency, "compra", "compras");
  const ago = recency === 0 ? "hoy" : recency === 1 ? "ayer" : `hace ${recency} días`;
  return `${times} por ${pesos(monetary)}, la última ${ago}.`;
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function byCustomer(orders: Order[]): Map<string, Order[]> {
  const found = new Map<string, Order[]>();
  for (const order of orders) {
    if (!order.customer_id) continue;
    const own = found.get(order.customer_id);
    if (own) own.push(order);
    else found.set(order.customer_id, [order]);
  }
  return found;
}

function isBetween(order: Order, now: Date, from: number, to: number): boolean {
  const days = (now.getTime() - Date.parse(order.created_at)) / DAY;
  return days >= from && days < to;
}

function isBirthdayMonth({ birthdate }: Customer, now: Date): boolean {
  return Number(birthdate?.slice(5, 7)) === now.getUTCMonth() + 1;
}

function firstName({ full_name }: Customer, before: string): string {
  const name = full_name?.trim().split(/\s+/)[0];
  return name ? before + name : "";
}

function list(names: string[]): string {
  return new Intl.ListFormat("es").format(names);
}

function pesos(amount: number): string {
  return new Intl.NumberFormat("es-MX", { style: "currency", currency: "MXN" }).format(amount);
}
