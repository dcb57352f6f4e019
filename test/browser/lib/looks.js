// What a page must be in every look: no finding of axe (WCAG 2.2 AA), nothing that scrolls
// sideways, nothing refused by the content security policy.
import AxeBuilder from '@axe-core/playwright';
import { expect } from '@playwright/test';
import { acme, nordlicht, picture, signedIn } from '../tests/people.js';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

// Dark differs from light of the same width in colours alone.
const looks = [
  { name: 'wide-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'wide-dark', width: 1280, height: 900, colorScheme: 'dark', rules: ['color-contrast'] },
  { name: 'narrow-light', width: 320, height: 720, colorScheme: 'light' },
  { name: 'narrow-dark', width: 320, height: 720, colorScheme: 'dark', rules: ['color-contrast'] },
];

// A route may be a list of steps: the first is an address, each other is where the first
// link of the page leads whose address matches.
const detail = (list, pattern) => [list, pattern];

const order = '/orders/review?product=phone&quantity=2&product=backup-line&quantity=1';

const account = ['/', '/payments', '/services', '/services?status=Cancelled', '/messages', '/activity', '/profile', '/preferences'];
const lists = [
  '/invoices', '/invoices?state=paid', '/invoices?number=no-such', detail('/invoices', /^\/invoices\/[^/?]+$/),
  '/orders', '/orders/new', '/requests', '/requests/new',
];
const anOrder = detail('/orders', /^\/orders\/(?!new)[^/?]+$/);
const aRequest = detail('/requests', /^\/requests\/(?!new)[^/?]+$/);
const settings = [
  '/portal-settings', '/portal-settings/contacts/new', detail('/portal-settings', /^\/portal-settings\/contacts\/(?!new)[^/]+$/), '/portal-settings/owner',
];
const security = [
  '/security', '/security/username', '/security/password', '/security/authenticator/remove', '/security/recovery-codes',
  '/sessions', '/preferences/email', '/confirm?next=/security', '/accounts',
];

// Another language has other lengths, and another tenant other colours: half of the looks
// shows both.
const half = ['wide-dark', 'narrow-light'];

// Whose browser looks at what, and in which looks, if not in all.
export const visits = {
  'a visitor': { origin: acme, routes: ['/sign-in', '/sign-in?ended=1', '/forgot', '/credentials/no-such-link', '/invitation/no-such-link', '/verify/no-such-link', '/unsubscribe/no-such-link', '/set-up'] },
  dana: { origin: acme, routes: [...account, ...lists, ...settings, ...security, order, anOrder, aRequest, detail('/portal-settings', /\/delete$/), '/no-such-page', '/invoices/no-such-invoice'] },
  lena: { origin: nordlicht, only: half, routes: [...account, ...lists, ...settings, ...security, anOrder, '/orders/review?product=backup&quantity=2'] },
  camille: { origin: acme, only: half, routes: [...account, ...lists, ...settings, ...security, order] },
  sam: { origin: acme, routes: ['/', '/invoices', detail('/invoices', /^\/invoices\/[^/?]+$/), '/activity', '/portal-settings'] },
  bella: { origin: acme, routes: ['/', '/invoices', '/orders/new', '/services'] },
  theo: { origin: acme, routes: ['/', '/services', '/invoices', '/profile'] },
  kit: { origin: acme, routes: ['/', '/requests', '/requests/new', '/services', '/portal-settings'] },
  ravi: { origin: acme, routes: ['/', '/invoices', detail('/invoices', /^\/invoices\/[^/?]+$/), '/services', '/activity'] },
  june: { origin: acme, routes: ['/', '/invoices', '/orders', '/activity'] },
};

// watched opens a page that collects what is wrong while it is used.
export async function watched(browser) {
  // Colours that are still on their way to those of another look would be measured.
  const context = await browser.newContext({ ignoreHTTPSErrors: true, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const findings = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) findings.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => findings.push(`${page.url()}: ${error}`));
  return { context, page, findings };
}

// walk looks at all that a person can see, and returns what is wrong.
export async function walk(browser, who) {
  const { context, page, findings } = await watched(browser);
  const { origin, routes, only } = visits[who];
  if (who !== 'a visitor') await signedIn(page, origin, who);
  for (const route of routes) {
    const where = await open(page, origin, route);
    if (where) findings.push(...(await inspect(page, `${who.replaceAll(' ', '-')}${where}`, only)));
    else findings.push(`${who}: ${route}: there is no such link`);
  }
  await context.close();
  return findings;
}

// open follows a route to its end and returns what to call it.
async function open(page, origin, route) {
  const [address, ...steps] = [route].flat();
  await visit(page, origin + address);
  let name = address;
  for (const step of steps) {
    const links = await page.locator('main a[href]').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    const next = links.find((l) => step.test(l));
    if (!next) return '';
    await visit(page, origin + next);
    name += next.endsWith('/delete') ? '/delete' : '/one';
  }
  return name.replaceAll(/[^a-z-]+/gi, '-');
}

// visit goes to a page of ours: whatever its status, it is a page in the tenant's look.
async function visit(page, address) {
  const answer = await page.goto(address);
  expect(answer.status(), address).toBeLessThan(500);
}

// inspect says what is wrong with a page in any look, or in some, and keeps pictures of it.
export async function inspect(page, name, only) {
  const findings = [];
  for (const look of looks.filter((l) => !only || only.includes(l.name))) {
    await page.setViewportSize(look);
    await page.emulateMedia({ colorScheme: look.colorScheme });
    const axe = new AxeBuilder({ page }).setLegacyMode(); // there are no frames: no second page for what they find
    const found = await (look.rules ? axe.withRules(look.rules) : axe.withTags(tags)).analyze();
    findings.push(...found.violations.map((v) => `${name}, ${look.name}: ${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`));
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (sideways > 0) findings.push(`${name}, ${look.name}: scrolls sideways by ${sideways} px`);
    await picture(page, `${name}-${look.name}`);
  }
  await page.setViewportSize(looks[0]);
  return findings;
}

// narrow makes a page as narrow as a telephone.
export const narrow = (page) => page.setViewportSize(looks[2]);
