// How the tests reach the tenants besides their portals: by the API of each, and by the
// key that its links are signed with, since nobody sends the mails of the tests.
import { createHmac } from 'node:crypto';
import { request } from 'node:https';

export const world = JSON.parse(process.env.FOYER_BROWSER || '{"tenants":{}}');

// api asks the integration API of a tenant, as the provider's billing system does.
export async function api(tenant, method, path, body) {
  const { api: base, token } = world.tenants[tenant];
  const answer = await fetch(`${base}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

const purposes = {
  'portal.credentialCreate': ['Create', '/credentials/'],
  'portal.passwordReset': ['Reset', '/credentials/'],
  'contact.invited': ['Invite', '/invitation/'],
  'contact.verifyEmail': ['VerifyEmail', '/verify/'],
};

// lastLink is the path of the link that the newest event of a type sends for an account,
// to the address-th of those that it goes to: what stands in the mail.
export async function lastLink(tenant, type, account, address = 0) {
  const events = await allEvents(tenant, type, account);
  if (events.length === 0) throw new Error(`no event ${type} for account ${account}`);
  const [purpose, path] = purposes[type];
  const body = Buffer.concat([Buffer.from(events.at(-1).subject.replaceAll('-', ''), 'hex'), Buffer.from([address])]);
  const mac = createHmac('sha256', Buffer.from(world.tenants[tenant].linkKey, 'base64'));
  mac.update(`foyer link 1\0${purpose}\0`).update(body);
  return path + Buffer.concat([body, mac.digest()]).toString('base64url');
}

// allEvents are the events of a type of an account, the newest last.
export async function allEvents(tenant, type, account) {
  return (await api(tenant, 'GET', `events?limit=1000&type=${type}&accountId=${account}`)).items;
}

// tell has people of a tenant be told something: a banner, or a message that was sent.
export async function tell(tenant, kind, what) {
  const answer = await fetch(`${world.tenants[tenant].tell}/${kind}`, { method: 'POST', body: JSON.stringify(what) });
  if (!answer.ok) throw new Error(`tell ${kind}: ${answer.status} ${await answer.text()}`);
}

// mailTo waits for a mail to an address that has some text, as the dispatcher sends it.
export async function mailTo(tenant, address, text) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const answer = await fetch(`${world.tenants[tenant].tell}/mails?to=${encodeURIComponent(address)}`);
    const mail = (await answer.json()).find((m) => m.includes(text));
    if (mail) return mail;
    await new Promise((next) => setTimeout(next, 100));
  }
  throw new Error(`no mail to ${address} has ${text}`);
}

// unsubscribeLink is the path by which a contact has no more mails of a category.
export function unsubscribeLink(tenant, contact, category) {
  const body = Buffer.from(`${category}\0${contact}`);
  const mac = createHmac('sha256', Buffer.from(world.tenants[tenant].linkKey, 'base64')).update('foyer unsubscribe 1\0').update(body);
  return `/unsubscribe/${Buffer.concat([mac.digest(), body]).toString('base64url')}`;
}

// ask sends a request to a portal without a browser: the answer, as it came.
export function ask(method, origin, path, { headers = {}, body } = {}) {
  const { hostname } = new URL(origin);
  return new Promise((resolve, reject) => {
    request({ method, host: '127.0.0.1', port: world.port, servername: hostname, path, headers: { host: hostname, ...headers }, rejectUnauthorized: false }, async (answer) => {
      const chunks = await answer.toArray();
      resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString('latin1') });
    })
      .on('error', reject)
      .end(body);
  });
}

// scan asks for a page as a mail scanner does: the status.
export const scan = async (method, origin, path) => (await ask(method, origin, path)).status;

// post sends a form as the browser of a context does that has it open already.
export async function post(context, origin, path, body, headers = {}) {
  const cookies = await context.cookies(origin);
  const cookie = cookies.map((c) => `${c.name}=${c.value}`).join('; ');
  return ask('POST', origin, path, { headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', cookie, ...headers }, body });
}
