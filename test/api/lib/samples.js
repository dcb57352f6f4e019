// @ts-check
// What each collection is tried with, in the order in which rows depend on each other.

/** @typedef {import("../generated/api.js").components["schemas"]} Schemas */

/**
 * A sample row: the name of its operations (putSite), its address, its fields and a change
 * of them.
 * @typedef {{one: string, many: string, path: Record<string, string>, body: object, patch?: object}} Sample
 */

/** @satisfies {{[name: string]: Partial<Schemas[keyof Schemas]>}} */
const bodies = {
  group: /** @type {Schemas["Group"]} */ ({ displayName: "Gold customers" }),
  product: /** @type {Schemas["Product"]} */ ({ name: "Router", description: "Wi-Fi 7.", price: "199.00", currency: "EUR", billingMonths: 1 }),
  account: /** @type {Schemas["Account"]} */ ({
    name: "Ada Adams", status: "Active", address: "1 Quay\nHarbour", phone: "+61 2 5550 0142", taxId: "ABN 51", groups: ["gold"], accountProfile: "business", attributes: { tradingTermsDays: 14, locale: "de" },
  }),
  site: /** @type {Schemas["Site"]} */ ({ accountId: "A-1", name: "Home", address: "1 Quay\nHarbour" }),
  campaign: /** @type {Schemas["Campaign"]} */ ({ accountId: "A-1", name: "Spring" }),
  number: /** @type {Schemas["Number"]} */ ({ accountId: "A-1", number: "+61298765432", siteId: "s-1", campaignId: "c-1" }),
  contact: /** @type {Schemas["Contact"]} */ ({ accountId: "A-1", firstName: "Ada", email: "ada@example.com", optedOut: ["Product"], access: "Active", owner: true }),
  service: /** @type {Schemas["Service"]} */ ({ accountId: "A-1", name: "Internet 100", status: "Active", startsOn: "2026-01-01", siteId: "s-1", price: "49.90", currency: "EUR" }),
  order: /** @type {Schemas["Order"]} */ ({
    accountId: "A-1", number: "O-1", status: "Placed", placedAt: "2026-11-22T10:00:00Z", total: "99.00", currency: "EUR", items: [{ description: "Router", quantity: 1, amount: "99.00", productId: "r-1", billingMonths: 1 }],
  }),
  request: /** @type {Schemas["Request"]} */ ({ accountId: "A-1", number: "R-1", subject: "Move", status: "New", openedBy: "Ada", openedAt: "2026-11-22T10:00:00Z", siteId: "s-1" }),
  invoice: /** @type {Schemas["Invoice"]} */ ({
    accountId: "A-1", number: "2026-1", issuedOn: "2026-11-01", total: "119.00", status: "Open", currency: "EUR", payURL: "https://pay.example/1", lines: [{ description: "Internet", amount: "119.00" }],
  }),
  payment: /** @type {Schemas["Payment"]} */ ({ accountId: "A-1", status: "Received", amount: "19.00", paidOn: "2026-11-10", currency: "EUR", invoices: [{ id: "i-1", amount: "19.00" }] }),
  note: /** @type {Schemas["Note"]} */ ({ accountId: "A-1", text: "Prefers to be called in the morning.", author: "Support" }),
  ticket: /** @type {Schemas["Ticket"]} */ ({ accountId: "A-1", subject: "No dial tone", text: "Since this morning.", openedBy: "Ada" }),
  message: /** @type {Schemas["TicketMessage"]} */ ({ author: "Support", text: "We are looking into it.", byStaff: true }),
};

/** @type {Sample[]} */
export const samples = [
  { one: "Group", many: "Groups", path: { id: "gold" }, body: bodies.group, patch: { displayName: "Gold" } },
  { one: "Product", many: "Products", path: { id: "r-1" }, body: bodies.product, patch: { state: "Withdrawn" } },
  { one: "Account", many: "Accounts", path: { id: "A-1" }, body: bodies.account, patch: { attributes: { locale: null } } },
  { one: "Site", many: "Sites", path: { id: "s-1" }, body: bodies.site, patch: { address: null } },
  { one: "Campaign", many: "Campaigns", path: { id: "c-1" }, body: bodies.campaign, patch: { name: "Summer" } },
  { one: "Number", many: "Numbers", path: { id: "n-1" }, body: bodies.number, patch: { description: "Front desk" } },
  { one: "Contact", many: "Contacts", path: { id: "p-1" }, body: bodies.contact, patch: { lastName: "Adams" } },
  { one: "Service", many: "Services", path: { id: "v-1" }, body: bodies.service, patch: { price: "59.90" } },
  { one: "Order", many: "Orders", path: { id: "o-1" }, body: bodies.order, patch: { status: "InProgress" } },
  { one: "Request", many: "Requests", path: { id: "r-1" }, body: bodies.request, patch: { status: "Scheduled", scheduledOn: "2026-12-01" } },
  { one: "Invoice", many: "Invoices", path: { id: "i-1" }, body: bodies.invoice, patch: { balance: "100.00" } },
  { one: "Payment", many: "Payments", path: { id: "y-1" }, body: bodies.payment, patch: { reference: "Bank 7" } },
  { one: "Note", many: "Notes", path: { id: "e-1" }, body: bodies.note, patch: { text: "Prefers mail." } },
  { one: "Ticket", many: "Tickets", path: { id: "t-1" }, body: bodies.ticket, patch: { subject: "No dial tone at all" } },
  { one: "TicketMessage", many: "TicketMessages", path: { ticket: "t-1", id: "m-1" }, body: bodies.message },
];

/** What is imported, a line each. */
export const lines = {
  groups: { id: "silver", displayName: "Silver" },
  products: { id: "r-2", name: "Telephone", price: "99.00" },
  accounts: { id: "A-2", name: "Ben" },
  contacts: { id: "p-2", accountId: "A-2", access: "Active" },
  invoices: { id: "i-2", accountId: "A-2", number: "2026-2", issuedOn: "2026-11-01", total: "5.00", status: "Open" },
  payments: { id: "y-2", accountId: "A-2", status: "Received", amount: "5.00", paidOn: "2026-11-02" },
  calls: { id: "k-2", accountId: "A-2", startedAt: "2026-11-20T10:00:00Z", direction: "Inbound", outcome: "Answered", number: "+61298765432", seconds: 60 },
};
