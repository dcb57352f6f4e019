// @ts-check
// Every operation of the OpenAPI document against a real server: with success, with each
// error that it is documented to answer with, and with tokens that must not be let in.
// Each answer is checked against the document. api_test.go starts the server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CloudEvent, HTTP } from "cloudevents";
import createClient from "openapi-fetch";
import { Webhook } from "standardwebhooks";

import { Caller, pathOf, sampleOf } from "./lib/caller.js";
import { Document } from "./lib/document.js";
import { Recorder } from "./lib/recorder.js";
import { lines, samples } from "./lib/samples.js";

/** @type {{url: string, slow: string, token: string, expired: string, other: string, held: string, dead: string, secret: string}} */
const given = JSON.parse(process.env.FOYER_API_TEST ?? "{}");

const document = new Document(await (await fetch(given.url + "/api/v1/openapi.json")).json());
const recorder = new Recorder(document);
const caller = new Caller(given.url, given.token, recorder);
/** @type {import("openapi-fetch").Client<import("./generated/api.js").paths>} */
const client = createClient({ baseUrl: given.url, fetch: recorder.fetch, headers: { Authorization: `Bearer ${given.token}` } });

/** @param {Response} answer @param {number} status */
async function expect(answer, status) {
  assert.equal(answer.status, status, `${answer.url}: ${await answer.clone().text()}`);
  return answer;
}

const has = (/** @type {string} */ id) => document.operations.some((o) => o.id === id);
const parameter = (/** @type {import("./lib/document.js").Operation} */ o, /** @type {string} */ name) => o.parameters.some((p) => p.name === name);
const pdf = new TextEncoder().encode("%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n");

for (const s of samples) {
  if (!has("put" + s.one)) continue;
  test(`rows: ${s.many}`, async () => {
    await expect(await caller.call("put" + s.one, { path: s.path, body: s.body }), 201);
    const again = await expect(await caller.call("put" + s.one, { path: s.path, body: s.body }), 200);
    assert.equal(again.headers.get("ETag"), '"v1"', "a write that changes nothing keeps the version");
    if (has("patch" + s.one)) {
      const changed = await expect(await caller.call("patch" + s.one, { body: s.patch, headers: { "Content-Type": "application/merge-patch+json" } }), 200);
      assert.equal(changed.headers.get("ETag"), '"v2"');
    }
    const read = await expect(await caller.call("get" + s.one), 200);
    await expect(await caller.call("get" + s.one, { headers: { "If-None-Match": read.headers.get("ETag") ?? "" } }), 304);
    const page = await (await expect(await caller.call("list" + s.many, { query: { limit: "1" } }), 200)).json();
    assert.equal(page.items.length, 1);
  });
}

test("posted rows", async () => {
  for (const id of ["createNote", "createTicket", "createTicketMessage"].filter(has)) {
    const sample = sampleOf(document.operation(id));
    const made = await expect(await caller.call(id, { path: { ticket: "t-1" }, body: sample?.body, headers: { "Idempotency-Key": "post-" + id } }), 201);
    const same = await expect(await caller.call(id, { path: { ticket: "t-1" }, body: sample?.body, headers: { "Idempotency-Key": "post-" + id } }), 201);
    assert.equal(same.headers.get("Idempotency-Replayed"), "true");
    assert.equal(same.headers.get("Location"), made.headers.get("Location"));
  }
});

test("what applies to accounts", async () => {
  const one = await client.GET("/api/v1/accounts/{id}/settings", { params: { path: { id: "A-1" } } });
  assert.equal(one.data?.accountProfile.name, "business");
  const tag = one.response.headers.get("ETag") ?? "";
  await expect(await caller.call("getAccountSettings", { path: { id: "A-1" }, headers: { "If-None-Match": tag } }), 304);
  const all = await client.GET("/api/v1/settings", { params: { query: { ids: ["A-1"] } } });
  assert.equal(all.data?.items.length, 1);
  const usage = await client.GET("/api/v1/settings/usage");
  assert.ok(usage.data);
  const assigned = await client.POST("/api/v1/assignments", { body: { select: { ids: ["A-1"] }, set: { accountProfile: "residential" } } });
  assert.equal(assigned.data?.changed, 1);
});

test("sign-ins", async () => {
  const path = { id: "p-1" };
  const none = await client.GET("/api/v1/contacts/{id}/credentials", { params: { path } });
  assert.deepEqual(none.data, { state: "None", mail: "Create" });
  await expect(await caller.call("sendResetMail", { path }), 409);
  const sent = await client.POST("/api/v1/contacts/{id}/create-mail", { params: { path, header: { "Idempotency-Key": "first" } } });
  assert.equal(sent.data?.link?.state, "Open");
  const again = await client.POST("/api/v1/contacts/{id}/create-mail", { params: { path, header: { "Idempotency-Key": "first" } } });
  assert.deepEqual(again.data, sent.data);
  assert.equal(again.response.headers.get("Idempotency-Replayed"), "true");
  const read = await client.GET("/api/v1/contacts/{id}/credentials", { params: { path } });
  assert.deepEqual(read.data, sent.data);
  const contact = await client.GET("/api/v1/contacts/{id}", { params: { path } });
  assert.equal(contact.data?.portalAccess, "Invited");

  const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
  const user = { username: "ada", email: "ada@example.com", emailVerified: true, passwordHash: hash };
  await expect(await caller.call("patchContact", { path, body: { user }, headers: { "Content-Type": "application/merge-patch+json" } }), 200);
  await expect(await caller.call("sendCreateMail", { path }), 409);
  const reset = await client.POST("/api/v1/contacts/{id}/reset-mail", { params: { path } });
  assert.deepEqual([reset.data?.state, reset.data?.mail, reset.data?.link?.purpose], ["Active", "Reset", "Reset"]);

  const many = await client.POST("/api/v1/create-mails", { body: { accounts: ["A-1", "no-such"] } });
  assert.deepEqual([many.data?.sent, many.data?.refused, many.data?.items.length], [0, 2, 2]);
});

test("documents of invoices", async () => {
  const put = (/** @type {object} */ headers = {}) => caller.call("putInvoiceDocument", { body: pdf, headers: { "Content-Type": "application/pdf", ...headers } });
  await expect(await put(), 201);
  await expect(await put(), 204);
  const read = await expect(await caller.call("getInvoiceDocument"), 200);
  await expect(await caller.call("getInvoiceDocument", { headers: { "If-None-Match": read.headers.get("ETag") ?? "" } }), 304);
});

test("calls", async () => {
  const call = { accountId: "A-1", direction: /** @type {const} */ ("Inbound"), outcome: /** @type {const} */ ("Answered"), number: "+61298765432", seconds: 60 };
  const added = await client.POST("/api/v1/calls", { body: { items: [{ ...call, id: "k-1", startedAt: "2026-11-20T10:00:00Z" }] } });
  assert.ok(added.data, JSON.stringify(added.error));
  const list = await client.GET("/api/v1/calls", { params: { query: { accountId: "A-1" } } });
  assert.equal(list.data?.items[0]?.id, "k-1");
  const days = await client.GET("/api/v1/call-days", { params: { query: { accountId: "A-1" } } });
  assert.equal(days.data?.items[0]?.calls, 1);
});

test("imports", async () => {
  for (const o of document.operations.filter((o) => o.id.startsWith("import"))) {
    const line = lines[/** @type {keyof typeof lines} */ (o.path.split("/").at(-1))];
    assert.ok(line, `there is no sample line for ${o.path}`);
    const answer = await expect(await caller.call(o.id, { body: JSON.stringify(line) + "\n{}\n" }), 200);
    const summary = JSON.parse((await answer.text()).trim().split("\n").at(-1) ?? "");
    assert.deepEqual({ created: summary.summary.created, refused: summary.summary.refused }, { created: 1, refused: 1 }, o.id);
  }
});

test("feeds", async () => {
  const first = await client.GET("/api/v1/changes", { params: { query: { limit: 2 } } });
  assert.equal(first.data?.items.length, 2);
  assert.equal(first.data?.more, true);
  const events = await client.GET("/api/v1/events", { params: { query: { accountId: "A-1" } } });
  assert.ok((events.data?.items.length ?? 0) > 0);
  for (const [id, next] of [["listChanges", first.data?.next], ["listEvents", events.data?.next]]) {
    const position = JSON.parse(Buffer.from(next ?? "", "base64url").toString());
    const later = Buffer.from(JSON.stringify({ ...position, p: position.p + 1_000_000 })).toString("base64url");
    await expect(await caller.call(id ?? "", { query: { after: later } }), 410);
    await expect(await caller.call(id ?? "", { query: { after: "latest" } }), 200);
  }
});

/** A reading of the meter of account A-1, as the library of CloudEvents makes it. @param {string} id */
const reading = (id) =>
  new CloudEvent({ id, source: "/meter", type: "custom.meterReading", subject: "A-1", traceparent: "00-1", data: { data: { reading: 12345 } } });

/** @param {{headers: any, body?: any}} message @param {object} [headers] */
const send = (message, headers = {}) =>
  recorder.fetch(given.url + "/api/v1/events", { method: "POST", headers: { Authorization: `Bearer ${given.token}`, ...message.headers, ...headers }, body: message.body });

test("events by the library of CloudEvents", async () => {
  const structured = await expect(await send(HTTP.structured(reading("structured"))), 202);
  assert.deepEqual(await structured.json(), { accepted: 1, duplicates: 0, tooOld: 0, items: [{ source: "/meter", id: "structured", outcome: "Accepted" }] });
  const again = await expect(await send(HTTP.structured(reading("structured"))), 202);
  assert.equal((await again.json()).duplicates, 1);

  await expect(await send(HTTP.binary(reading("binary"))), 202);
  const encoded = await expect(await send(HTTP.binary(reading("other")), { "ce-id": "Z%C3%BCrich" }), 202);
  assert.equal((await encoded.json()).items[0].id, "Zürich", "headers are percent-encoded");

  const batch = { headers: { "Content-Type": "application/cloudevents-batch+json; charset=utf-8" }, body: JSON.stringify([reading("b-1"), reading("binary"), reading("b-2")]) };
  const many = await (await expect(await send(batch), 202)).json();
  assert.deepEqual([many.accepted, many.duplicates], [2, 1]);

  const old = reading("old").cloneWith({ time: new Date(Date.now() - 31 * 24 * 60 * 60 * 1000).toISOString() });
  assert.equal((await (await expect(await send(HTTP.structured(old)), 202)).json()).tooOld, 1);

  const kept = await client.GET("/api/v1/events", { params: { query: { type: ["custom.meterReading"], accountId: "A-1" } } });
  assert.deepEqual(kept.data?.items.map((e) => [e.id, e.source, e.data]), ["structured", "binary", "Zürich", "b-1", "b-2"].map((id) => [id, "/meter", { data: { reading: 12345 } }]));
});

test("events by the library of Standard Webhooks", async () => {
  const message = HTTP.structured(reading("signed"));
  const body = String(message.body);
  const sign = (/** @type {string} */ secret, at = new Date()) => ({
    "webhook-id": "msg-1", "webhook-timestamp": String(Math.floor(at.getTime() / 1000)), "webhook-signature": new Webhook(secret).sign("msg-1", at, body),
  });
  const post = (/** @type {Record<string, string>} */ headers) =>
    recorder.fetch(given.url + "/api/v1/events", { method: "POST", headers: { "Content-Type": "application/cloudevents+json", ...headers }, body });
  await expect(await post(sign(given.secret)), 202);
  await expect(await post(sign("whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcw==")), 401);
  await expect(await post(sign(given.secret, new Date(Date.now() - 6 * 60 * 1000))), 401);
});

test("notifications", async () => {
  const list = await client.GET("/api/v1/notifications", { params: { query: { limit: 1 } } });
  assert.equal(list.data?.items.length, 1);
  const rest = await client.GET("/api/v1/notifications", { params: { query: { limit: 1, cursor: list.data?.next } } });
  assert.deepEqual([list.data?.items[0]?.id, rest.data?.items[0]?.id].sort(), [given.held, given.dead].sort());
  const one = await client.GET("/api/v1/notifications/{id}", { params: { path: { id: given.dead } } });
  assert.deepEqual([one.data?.state, one.data?.log[0]?.code], ["Dead", "550"]);
  const summary = await client.GET("/api/v1/notifications/summary");
  assert.equal(summary.data?.mode, "Live");
  assert.deepEqual(summary.data?.webhooks, []);
  await expect(await caller.call("redriveNotification", { path: { id: given.held } }), 409);
  await expect(await caller.call("redriveNotification", { path: { id: given.dead } }), 200);
  await expect(await caller.call("cancelNotification", { path: { id: given.dead } }), 200);
  await expect(await caller.call("cancelNotification", { path: { id: given.dead } }), 409);
});

test("what would be sent", async () => {
  const upcoming = await client.POST("/api/v1/upcoming", { body: { days: 31 } });
  assert.equal(upcoming.data?.next, undefined);
  const plan = await client.POST("/api/v1/plan", { body: { days: 31, samples: 1, lines: true } });
  assert.equal(plan.data?.next, undefined);
  assert.equal(plan.data?.accounts.changed, 0);
  const rendered = await client.POST("/api/v1/render", { body: { accountId: "A-1", event: "invoice.issued" } });
  assert.equal(rendered.data?.items[0]?.address, "ada@example.com");
});

test("receipts", async () => {
  const receipt = await client.POST("/api/v1/receipts/sms", { body: { id: "unknown", status: "Delivered" } });
  assert.equal(receipt.data?.known, false);
  const basic = "Basic " + Buffer.from("receipts:" + given.token).toString("base64"); // what a provider makes of the address
  const body = new URLSearchParams({ MessageSid: "SM1", MessageStatus: "delivered" });
  await expect(await recorder.fetch(given.url + "/api/v1/receipts/sms/twilio", { method: "POST", headers: { Authorization: basic }, body }), 200);
});

test("tokens", async () => {
  const version = await client.GET("/api/v1/version");
  assert.equal(version.data?.tenant, "acme");
  const own = await client.GET("/api/v1/tokens/self");
  assert.equal(own.data?.name, "cli");
  const made = await client.POST("/api/v1/tokens", { body: { name: "crm", scopes: ["accounts:read"], expiresAt: "2099-01-01T00:00:00Z" } });
  assert.match(made.data?.secret ?? "", /^foyer_[\w-]{43}$/);
  const list = await client.GET("/api/v1/tokens");
  assert.ok(list.data?.items.some((t) => t.name === "crm"));
  assert.ok(!JSON.stringify(list.data).includes(made.data?.secret ?? "missing"));
  await expect(await caller.call("deleteToken", { path: { id: own.data?.id ?? "" } }), 409);
  await expect(await caller.call("deleteToken", { path: { id: made.data?.id ?? "" } }), 204);
  await expect(await caller.call("getVersion", { token: made.data?.secret }), 401);
});

test("tokens that must not be let in", async (t) => {
  const make = async (/** @type {string} */ scope) => {
    const made = await client.POST("/api/v1/tokens", { body: { name: scope.replace(":", "-"), scopes: [scope] } });
    return made.data?.secret ?? "";
  };
  const changes = await make("changes:read");
  const events = await make("events:read");
  const strangers = { absent: null, expired: given.expired, "of another tenant": given.other, unknown: "foyer_" + "x".repeat(43) };
  const bodies = new Set();
  let address = 0; // one for each: an address that sends wrong tokens is slowed down
  for (const o of document.operations) {
    await t.test(o.id, async () => {
      for (const [what, token] of Object.entries(strangers)) {
        address += 1;
        const answer = await caller.call(o.id, { token, path: pathOf(o), headers: { "X-Forwarded-For": `198.18.${address >> 8}.${address & 255}` } });
        assert.equal(answer.status, 401, `${what} token`);
        bodies.add((await answer.text()).replace(/"requestId":"[^"]*"/, ""));
      }
      if (o.scope !== "") {
        const answer = await expect(await caller.call(o.id, { token: o.scope === "changes:read" ? events : changes }), 403);
        assert.match((await answer.json()).detail, new RegExp(o.scope.replace("*", "\\*")), "the scope is named");
      }
    });
  }
  assert.equal(bodies.size, 1, "every stranger is answered alike");
});

test("requests that must be refused", async (t) => {
  for (const o of document.operations) {
    const sample = sampleOf(o);
    const patch = o.method === "PATCH";
    const body = o.id === "putInvoiceDocument" ? pdf : o.id === "createToken" ? { name: "n", scopes: ["*"] } : patch ? (sample?.patch ?? {}) : (sample?.body ?? {});
    const request = o.body.length > 0 ? { body } : {};
    const documented = (/** @type {number} */ status) => String(status) in o.responses;
    await t.test(o.id, async () => {
      if (documented(406)) await expect(await caller.call(o.id, { ...request, headers: { Accept: "image/png" } }), 406);
      if (documented(415)) await expect(await caller.call(o.id, { body: "x", headers: { "Content-Type": "text/plain" } }), 415);
      if (documented(400)) await expect(await caller.call(o.id, { body: "", headers: { "Content-Type": o.body[0] ?? "" } }), 400);
      if (documented(413) && !excused(o.id, 413)) {
        const mebibytes = { putInvoiceDocument: 40, sendEvents: 9, getUpcoming: 9, planChange: 9, renderNotifications: 9 }[o.id] ?? 2;
        const large = new Uint8Array(mebibytes << 20);
        await expect(await caller.call(o.id, { body: large, headers: { "Content-Type": o.body[0] ?? "" } }), 413);
      }
      if (documented(422)) await expect(await caller.call(o.id, { ...request, query: { nonsense: "1", mode: "nonsense" } }), 422);
      if (documented(404)) await expect(await caller.call(o.id, { ...request, path: { id: "no-such", ticket: "no-such" } }), 404);
      if (documented(412)) {
        assert.ok(parameter(o, "If-Match"));
        await expect(await caller.call(o.id, { ...request, headers: { "If-Match": '"v999"' } }), 412);
      }
    });
  }
});

test("what others refer to stays", async () => {
  await expect(await caller.call("putContact", { path: { id: "p-9" }, body: { accountId: "A-1", access: "Active" } }), 201);
  for (const s of samples.filter((s) => has("delete" + s.one) && "409" in document.operation("delete" + s.one).responses)) {
    await expect(await caller.call("delete" + s.one), 409);
  }
  await expect(await caller.call("deleteContact", { path: { id: "p-9" } }), 204);
});

test("deleting", async () => {
  await expect(await caller.call("deleteInvoiceDocument"), 204);
  await expect(await caller.call("putContact", { path: { id: "p-1" }, body: { accountId: "A-1", access: "Active", user: { username: "ada" } } }), 200);
  await expect(await caller.call("deleteContactUser"), 204);
  for (const o of document.operations.filter((o) => o.id === "patchAccount")) await expect(await caller.call(o.id, { body: { groups: null } }), 200);
  for (const s of samples.toReversed().filter((s) => has("delete" + s.one))) await expect(await caller.call("delete" + s.one), 204);
  const page = await client.GET("/api/v1/changes", { params: { query: { limit: 1000 } } });
  const last = page.data?.items.filter((c) => c.kind === "site" && c.id === "s-1").at(-1);
  assert.equal(last?.operation, "Delete", "a tombstone");
});

test("a token that asks too often", async () => {
  const slow = new Caller(given.slow, given.token, recorder); // one request a second, after the first five
  const answers = await Promise.all(Array.from({ length: 100 }, () => slow.call("getVersion")));
  const late = answers.find((a) => a.status === 429);
  assert.ok(late, "all 100 requests at once were answered");
  assert.ok(Number(late.headers.get("Retry-After")) >= 1);
  assert.match(late.headers.get("RateLimit") ?? "", /^"token";r=0;t=\d+$/);
});

/**
 * What cannot be had for each operation: defects, an absent database, the rate (tried once
 * above), and what takes minutes or a gigabyte, which the tests in Go do.
 * @param {string} id @param {number} status
 */
function excused(id, status) {
  return [408, 429, 500, 503].includes(status) || (id.startsWith("import") && status === 413);
}

test("nothing was left out", () => {
  const missing = document.operations.flatMap((o) =>
    Object.keys(o.responses).map(Number).filter((status) => !excused(o.id, status) && !recorder.seen.get(o.id)?.has(status)).map((status) => `${o.id} ${status}`));
  assert.deepEqual(missing, [], "documented answers that no request got");
});
