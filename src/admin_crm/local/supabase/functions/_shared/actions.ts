/** The actions, each from the body it is asked with to its answer. */
import {
  type Customer,
  type History,
  historyOf,
  insightsOf,
  loyaltyOf,
  narrativeOf,
  parseIntent,
  suggestTags,
  supplierCopy,
  whatsAppCopy,
} from "./rules.ts";
import { type Action, type Body, Refusal, textOf } from "./serve.ts";
import { readAllOrders, readCustomer, readCustomers, readLowStock, readOrders } from "./shop.ts";

const LOW_STOCK = 10;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const tags = aboutCustomer((customer, history) =>
  suggestTags(customer, history, new Date())
);

export const whatsApp = aboutCustomer((customer, history, body) => {
  const context = body.context === undefined ? undefined : textOf(body, "context");
  return whatsAppCopy(customer, history, context);
});

export const narrative = aboutCustomer(narrativeOf);

export const loyalty = aboutCustomer(loyaltyOf);

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
  answer: (customer: Customer, history: History, body: Body) => Body,
): Action {
  return async (body) => {
    const id = textOf(body, "customerId");
    if (!UUID.test(id)) throw new Refusal(400, "customerId debe ser un UUID.");
    const [customer, orders] = await Promise.all([readCustomer(id), readOrders(id)]);
    if (!customer) throw new Refusal(404, "Cliente no encontrado.");
    return answer(customer, historyOf(orders, new Date()), body);
  };
}
