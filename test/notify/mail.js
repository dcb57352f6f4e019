// @ts-check
// Reads a mail from standard input as mail programs do, and writes what it holds as JSON.
import { createHash } from "node:crypto";
import { simpleParser } from "mailparser";

/** @param {import("mailparser").AddressObject | undefined} of */
const people = (of) => of?.value.map(({ name, address }) => ({ name, address }));

const mail = await simpleParser(process.stdin, { skipImageLinks: true });
console.log(JSON.stringify({
  from: people(mail.from),
  to: people(mail.to),
  cc: people(mail.cc),
  bcc: people(mail.bcc),
  replyTo: people(mail.replyTo),
  subject: mail.subject,
  messageId: mail.messageId,
  date: mail.date,
  priority: mail.headers.get("priority"),
  language: mail.headers.get("content-language"),
  autoSubmitted: mail.headers.get("auto-submitted"),
  unsubscribe: mail.headers.get("list")?.unsubscribe?.url,
  unsubscribePost: mail.headers.get("list")?.["unsubscribe-post"],
  text: mail.text,
  html: mail.html || undefined,
  headers: [...mail.headers.keys()].sort(),
  attachments: mail.attachments.map(({ filename, contentType, contentDisposition, size, content }) => ({
    filename, contentType, contentDisposition, size, sha256: createHash("sha256").update(content).digest("hex"),
  })),
}));
