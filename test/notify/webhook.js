// @ts-check
// Reads {secret, headers, body, sign?: {id, at}} from standard input. Says whether the
// signature in the headers is good, or signs.
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const { secret, headers, body, sign } = JSON.parse(await text(process.stdin));
const webhook = new Webhook(secret);
if (sign) {
  console.log(JSON.stringify({ signature: webhook.sign(sign.id, new Date(sign.at), body) }));
} else {
  try {
    console.log(JSON.stringify({ payload: webhook.verify(body, headers) }));
  } catch (problem) {
    console.log(JSON.stringify({ problem: String(problem) }));
  }
}
