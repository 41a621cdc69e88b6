/** The actions, each from the body it is asked with to its answer. */
import {
  type Customer,
  type History,
  historyOf,
  insightsOf,
  loyaltyOf,
  narrativeOf,
  offerOf,
  parseIntent,
  suggestTags,
  supplierCopy,
  whatsAppCopy,
} from "./rules.ts";
import { type Action, type Body, Refusal, textOf } from "./serve.ts";
import {
  insert,
  readAllOrders,
  readCustomer,
  readCustomers,
  readLowStock,
  readOrders,
} from "./shop.ts";

const LOW_STOCK = 10;
const OFFER_HOURS = 48;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const tags = aboutCustomer((customer, history) =>
  suggestTags(customer, history, new Date())
);

export const whatsApp = aboutCustomer((customer, history, body) => {
  const context = body.context === undefined ? undefined : textOf(body, "context");
  return whatsAppCopy(customer, history, context);
});

/** As deployed, a customer who is unknown is one of whom too little is known. */
export const narrative: Action = async (body) => {
  const [customer, history] = await look(body);
  if (customer && history.frequency) return narrativeOf(customer, history);
  return { narrative: "No hay datos suficientes para generar una narrativa." };
};

/** A plan in words; it stores nothing. */
export const loyalty = aboutCustomer(loyaltyOf);

/** Store a coupon and the offer of it to the customer, and answer the offer. */
export const offer = aboutCustomer(async (customer, history) => {
  const { campaign, message, discount } = offerOf(customer, history);
  const code = `${campaign}-${crypto.randomUUID().slice(0, 6).toUpperCase()}`;
  const expires = new Date(Date.now() + OFFER_HOURS * 3600 * 1000).toISOString();
  const terms = { discount_type: "percentage", discount_value: discount };
  await insert("coupons", {
    ...terms,
    code,
    description: `Oferta para ${customer.full_name}`,
    min_purchase: 200,
    max_uses: 1,
    valid_until: expires,
  });
  return await insert("smart_loyalty_propositions", {
    ...terms,
    customer_id: customer.id,
    coupon_code: code,
    generated_code: code,
    personalized_message: message,
    expires_at: expires,
  });
});

export const insights: Action = async () => {
  const [customers, orders, lowStock] = await Promise.all([
    readCustomers(),
    readAllOrders(),
    readLowStock(LOW_STOCK),
  ]);
  return insightsOf({ customers, orders, lowStock }, new Date());
};

export const intent: Action = (body) => Promise.resolve(parseIntent(textOf(body, "query")));

export const supplier: Action = (body) => {
  const stock = body.currentStock;
  if (typeof stock !== "number" || !Number.isFinite(stock)) {
    throw new Refusal(400, "currentStock debe ser un número.");
  }
  const sku = body.sku === undefined ? undefined : textOf(body, "sku", 100);
  return Promise.resolve(supplierCopy(textOf(body, "productName", 300), stock, sku));
};

function aboutCustomer(
  answer: (customer: Customer, history: History, body: Body) => Body | Promise<Body>,
): Action {
  return async (body) => {
    const [customer, history] = await look(body);
    if (!customer) throw new Refusal(404, "Cliente no encontrado.");
    return await answer(customer, history, body);
  };
}

async function look(body: Body): Promise<[Customer | undefined, History]> {
  const id = textOf(body, "customerId");
  if (!UUID.test(id)) throw new Refusal(400, "customerId debe ser un UUID.");
  const [customer, orders] = await Promise.all([readCustomer(id), readOrders(id)]);
  return [customer, historyOf(orders, new Date())];
}
