// @ts-check
// A fetch that checks every answer against the document and remembers what was seen.
import assert from "node:assert/strict";

/** @typedef {import("./document.js").Document} Document */

export class Recorder {
  /** @param {Document} document */
  constructor(document) {
    this.document = document;
    /** @type {Map<string, Set<number>>} operation -> statuses */
    this.seen = new Map(document.operations.map((o) => [o.id, new Set()]));
    this.fetch = this.fetch.bind(this);
  }

  /** @param {Request | string} input @param {RequestInit} [init] @returns {Promise<Response>} */
  async fetch(input, init) {
    const request = new Request(input, init);
    const answer = await globalThis.fetch(request);
    const { pathname } = new URL(request.url);
    const o = this.document.match(request.method, pathname);
    assert.ok(o, `the document has no ${request.method} ${pathname}`);
    const body = answer.headers.get("Content-Type") === "application/pdf" ? "%PDF" : await answer.clone().text();
    const problems = this.document.problems(o, answer, body);
    assert.deepEqual(problems, [], `${request.method} ${pathname}: ${answer.status} ${body.slice(0, 2000)}`);
    this.seen.get(o.id)?.add(answer.status);
    return answer;
  }
}
