// @ts-check
// The OpenAPI document as the server has it: its operations, and what an answer of each
// must look like.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/**
 * @typedef {{id: string, method: string, path: string, scope: string, parameters: any[], body: string[], responses: Record<string, any>}} Operation
 */

export class Document {
  /** @param {any} text the document */
  constructor(text) {
    this.text = text;
    /** @type {Operation[]} */
    this.operations = [];
    for (const [path, item] of Object.entries(text.paths)) {
      for (const [method, o] of Object.entries(/** @type {Record<string, any>} */ (item))) {
        this.operations.push({
          id: o.operationId,
          method: method.toUpperCase(),
          path,
          scope: /Scope: `(.*)`/.exec(o.description)?.[1] ?? "",
          parameters: o.parameters ?? [],
          body: Object.keys(o.requestBody?.content ?? {}),
          responses: o.responses,
        });
      }
    }
    // Addresses without parameters come first: /tokens/self is no token with id self.
    this.operations.sort((a, b) => a.path.split("{").length - b.path.split("{").length);
    this.ajv = new Ajv2020.default({ strict: false, allErrors: true });
    addFormats.default(this.ajv);
    for (const ours of ["decimal", "currency", "binary"]) this.ajv.addFormat(ours, true);
    this.ajv.addSchema({ ...text, $id: "foyer:document" });
  }

  /** @param {string} id @returns {Operation} */
  operation(id) {
    const found = this.operations.find((o) => o.id === id);
    if (!found) throw new Error(`the document has no operation ${id}`);
    return found;
  }

  /** @param {string} method @param {string} pathname */
  match(method, pathname) {
    return this.operations.find((o) => o.method === method && new RegExp("^" + o.path.replace(/\{[^}]+\}/g, "[^/]+") + "$").test(pathname));
  }

  /** @param {Operation} o @param {number} status */
  response(o, status) {
    const response = o.responses[String(status)];
    const name = response?.$ref?.replace("#/components/responses/", "");
    return name ? this.text.components.responses[name] : response;
  }

  /**
   * problems says what of an answer is not as the document says.
   * @param {Operation} o @param {Response} answer @param {string} body
   */
  problems(o, answer, body) {
    const wanted = this.response(o, answer.status);
    if (!wanted) return [`status ${answer.status} is not documented`];
    const found = [];
    for (const header of Object.keys(wanted.headers ?? {})) {
      if (!answer.headers.has(header) && header !== "Idempotency-Replayed" && !header.startsWith("RateLimit")) found.push(`header ${header} is missing`);
    }
    const media = (answer.headers.get("Content-Type") ?? "").split(";")[0];
    const content = wanted.content ?? {};
    if (Object.keys(content).length === 0) return body === "" ? found : [...found, "a body that is not documented"];
    if (!content[media]) return [...found, `Content-Type ${media} is not documented`];
    const ref = (/** @type {string} */ pointer) => "foyer:document#" + pointer;
    const escape = (/** @type {string} */ s) => encodeURIComponent(s.replaceAll("~", "~0").replaceAll("/", "~1"));
    const at = o.responses[String(answer.status)].$ref?.slice(1) ?? `/paths/${escape(o.path)}/${o.method.toLowerCase()}/responses/${answer.status}`;
    const schema = ref(`${at}/content/${escape(media)}/schema`);
    const check = (/** @type {any} */ value) => {
      const validate = this.ajv.getSchema(schema) ?? this.ajv.compile({ $ref: schema });
      if (!validate(value)) found.push(...(validate.errors ?? []).map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`));
    };
    if (media === "application/x-ndjson") body.trim().split("\n").forEach((line) => check(JSON.parse(line)));
    else if (media.endsWith("json")) check(JSON.parse(body));
    return found;
  }
}
