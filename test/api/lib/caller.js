// @ts-check
// Requests by the id of an operation, for what is tried with all of them.
import { samples } from "./samples.js";

/** @typedef {import("./document.js").Operation} Operation */
/** @typedef {import("./recorder.js").Recorder} Recorder */
/**
 * @typedef {{path?: Record<string, string>, query?: Record<string, string>, headers?: Record<string, string>, body?: any, token?: string | null}} Request
 */

export class Caller {
  /** @param {string} url @param {string} token @param {Recorder} recorder */
  constructor(url, token, recorder) {
    this.url = url;
    this.token = token;
    this.recorder = recorder;
  }

  /** @param {string} id @param {Request} [request] */
  async call(id, request = {}) {
    const o = this.recorder.document.operation(id);
    const path = { ...pathOf(o), ...request.path };
    const address = o.path.replace(/\{([^}]+)\}/g, (_, name) => encodeURIComponent(path[name] ?? "missing"));
    const headers = new Headers(request.headers);
    if (request.token !== null) headers.set("Authorization", `Bearer ${request.token ?? this.token}`);
    let body = request.body;
    if (body !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", o.body[0] ?? "application/json");
    if (typeof body === "object" && !(body instanceof Uint8Array)) body = JSON.stringify(body);
    const query = new URLSearchParams(request.query).toString();
    return this.recorder.fetch(this.url + address + (query && "?" + query), { method: o.method, headers, body });
  }
}

/** The row of the samples that an address is about. @param {Operation} o */
export function pathOf(o) {
  const sample = sampleOf(o);
  return sample ? sample.path : { id: "no-such", ticket: "t-1" };
}

/** @param {Operation} o */
export function sampleOf(o) {
  const collection = /^\/api\/v1\/([a-z]+)(\/\{ticket\}\/messages)?/.exec(o.path);
  const many = collection?.[2] ? "TicketMessages" : collection?.[1];
  return samples.find((s) => s.many.toLowerCase() === many?.toLowerCase());
}
