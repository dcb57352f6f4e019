// What the portal is for, day by day: invoices, payments, services, orders, requests, the
// profile; by mouse, by keyboard alone, and without JavaScript.
import { test, expect } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { customer } from '../lib/customer.js';
import { enter, tabTo, type } from '../lib/keyboard.js';
import { withSignIn } from '../lib/signin.js';
import { allEvents, api, ask, post } from '../lib/world.js';
import { acme, field, fill, picture, signedIn } from './people.js';

const main = (page) => page.getByRole('main');
const table = (page) => main(page).getByRole('table');
const lines = (page) => table(page).getByRole('row').filter({ has: page.getByRole('rowheader') });
const click = (page, name) => main(page).getByRole('link', { name }).first().click();
const press = (page, name) => main(page).getByRole('button', { name }).click();

// shopper is signed in, as the owner of an account with a site.
async function shopper(page, company, name) {
  const who = await withSignIn(page, await customer(company), name);
  await api('acme', 'PUT', `sites/${who.account}-depot`, { accountId: who.account, name: 'Depot' });
  await signedIn(page, acme, who.username, who.password);
  return who;
}

const ordersOf = async (who) => (await api('acme', 'GET', `orders?accountId=${who.account}`)).items;

test('invoices are found by status, year and number', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  const all = (await api('acme', 'GET', 'invoices?accountId=10001')).items;
  const paid = all.filter((i) => i.status === 'Paid');
  await page.goto(`${acme}/invoices`);
  await expect(lines(page)).toHaveCount(all.length);
  await page.getByLabel('Status').selectOption({ label: 'Paid' });
  await press(page, 'Show');
  await expect(lines(page)).toHaveCount(paid.length);
  await expect(page.getByLabel('Status')).toHaveValue('paid');
  await click(page, 'Show all');
  await page.getByLabel('Invoice number').fill(paid[0].number.slice(-4));
  await page.keyboard.press('Enter');
  await expect(lines(page)).toHaveCount(1);
  await expect(table(page)).toContainText(paid[0].number);
  await page.getByLabel('Invoice number').fill('no such number');
  await page.keyboard.press('Enter');
  await expect(main(page)).toContainText('No invoice is like that');
});

for (const [who, template] of [['dana', 'business'], ['ravi', 'standard']]) {
  test(`an invoice by the template ${template}, on the screen and on paper`, async ({ page }) => {
    await signedIn(page, acme, who);
    await page.goto(`${acme}/invoices`);
    await lines(page).first().getByRole('link').first().click();
    const sheet = page.getByRole('article');
    await expect(sheet).toContainText('Fibre, telephone and support');
    await expect(sheet).toContainText('$');
    await picture(page, `invoice-${template}`);
    await page.emulateMedia({ media: 'print' });
    await expect(page.getByRole('banner')).toBeHidden();
    await expect(page.getByRole('contentinfo')).toBeHidden();
    await page.setViewportSize({ width: 794, height: 1123 }); // A4
    await picture(page, `invoice-${template}-print`);
    const paper = await page.pdf({ path: `screenshots/invoice-${template}.pdf`, preferCSSPageSize: true });
    expect(paper.toString('latin1').match(/\/Type \/Page\b/g).length, 'sheets of paper').toBe(1);
  });
}

test('the PDF of the provider is downloaded under a name, and paying leads to where the provider says', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  await page.goto(`${acme}/invoices/10001-6`);
  const [download] = await Promise.all([page.waitForEvent('download'), click(page, /PDF/)]);
  expect(download.suggestedFilename()).toMatch(/\.pdf$/);
  expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe('%PDF-');
  const cookie = (await page.context().cookies(acme)).map((c) => `${c.name}=${c.value}`).join('; ');
  const { headers } = await ask('GET', acme, '/invoices/10001-6/document', { headers: { cookie } });
  expect(headers).toMatchObject({ 'content-type': 'application/pdf', 'x-content-type-options': 'nosniff' });
  expect(headers['content-disposition']).toContain('attachment');

  const invoice = await api('acme', 'GET', 'invoices/10001-6');
  await expect(main(page).getByRole('link', { name: /^Pay/ }).first()).toHaveAttribute('href', invoice.payURL);
});

test('what belongs to others is not there', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  for (const path of ['/invoices/10002-1', '/invoices/10002-1/document', '/orders/10002-1', '/requests/10002-1', '/portal-settings/contacts/10002-1']) {
    const answer = await page.goto(acme + path);
    expect(answer.status(), path).toBe(404);
  }
});

test('payments name their invoices, and services are found by status', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  await page.goto(`${acme}/payments`);
  await expect(table(page)).toContainText('Direct debit');
  const invoice = await lines(page).first().getByRole('link').first().innerText();
  await lines(page).first().getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(invoice.replace(/^\S+\s/, ''));
  await page.goto(`${acme}/services`);
  await expect(lines(page)).toHaveCount(3);
  await page.goto(`${acme}/services?status=Cancelled`);
  await expect(lines(page)).toHaveCount(1);
  await expect(table(page)).toContainText("Replaced by the kiosk's own line.");
  await click(page, /^Active/);
  await expect(lines(page)).toHaveCount(2);
});

test('an order: chosen, reviewed, placed; sending the form twice orders once', async ({ page }) => {
  const who = await shopper(page, 'Ordering Ltd', 'ordering');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Orders' }).click();
  await expect(main(page)).toContainText('No orders here yet');
  await click(page, 'New order');
  await field(page, 'Quantity of Desk telephone').fill('2');
  await field(page, 'Quantity of Backup line').fill('1');
  await picture(page, 'order-choose');
  await press(page, 'Review order');
  await expect(main(page)).toContainText('$273.00');
  await field(page, 'Comment').fill('The back door, please.');
  await picture(page, 'order-review');
  const again = await page.locator('main form').evaluate((f) => new URLSearchParams(new FormData(f)).toString());
  await press(page, 'Place the order');
  await expect(main(page)).toContainText('Thank you. Your order is with Acme Telecom.');
  await picture(page, 'order-placed');
  const placed = page.url();

  const twice = await post(page.context(), acme, '/orders', again);
  expect(twice.status).toBe(303);
  expect(new URL(twice.headers.location, acme).pathname).toBe(new URL(placed).pathname);
  const orders = await ordersOf(who);
  expect(orders.length).toBe(1);
  expect(orders[0]).toMatchObject({ total: '273.00', comment: 'The back door, please.', placedBy: 'Robin Miller' });
  expect((await allEvents('acme', 'order.placed', who.account)).length).toBe(1);
  await page.goto(`${acme}/activity`);
  await expect(lines(page).filter({ hasText: 'Order added' })).toHaveCount(1);
});

test('a price that changed meanwhile is asked again, and a product that is gone is taken out', async ({ page }) => {
  const who = await shopper(page, 'Prices Ltd', 'prices');
  const product = (name, price, state = 'Offered') => api('acme', 'PUT', `products/${who.account}-${name}`, { name: `Cable ${name} ${who.account}`, price, currency: 'AUD', state });
  await product('red', '10.00');
  await product('blue', '20.00');
  await page.goto(`${acme}/orders/review?product=${who.account}-red&quantity=1&product=${who.account}-blue&quantity=1`);
  await expect(main(page)).toContainText('$30.00');
  await product('red', '12.50');
  await product('blue', '20.00', 'Withdrawn');
  await press(page, 'Place the order');
  await expect(page.getByRole('alert')).toContainText(`Cable red ${who.account} costs $12.50`);
  await expect(page.getByRole('alert')).toContainText('It was taken out.');
  await picture(page, 'order-changed');
  expect(await ordersOf(who)).toEqual([]);
  await press(page, 'Place the order');
  await expect(main(page)).toContainText('Thank you.');
  expect((await ordersOf(who))[0].total).toBe('12.50');
  await product('red', '12.50', 'Withdrawn');
});

test('a service request for a site; the provider answers', async ({ page }) => {
  const who = await shopper(page, 'Asking Ltd', 'asking');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Service requests' }).click();
  await click(page, 'New request');
  await fill(page, 'Subject', 'A second socket');
  await page.getByLabel('Site').selectOption({ label: 'Depot' });
  await fill(page, 'What do you need?', 'One more beside the first.\nAny morning.');
  await press(page, 'Send the request');
  await expect(main(page)).toContainText('Thank you. Your request is with Acme Telecom.');
  const [request] = (await api('acme', 'GET', `requests?accountId=${who.account}`)).items;
  expect(request).toMatchObject({ subject: 'A second socket', siteId: `${who.account}-depot`, text: 'One more beside the first.\nAny morning.' });
  await api('acme', 'PATCH', `requests/${request.id}`, { status: 'Scheduled', scheduledOn: '2031-05-02', comment: 'We come on Friday.' });
  await page.reload();
  await expect(main(page)).toContainText('We come on Friday.');
  await expect(main(page)).toContainText('2 May 2031');
  await picture(page, 'request-answered');
});

test('the profile is kept up to date, and its language is that of all pages', async ({ page }) => {
  const who = await shopper(page, 'Profile Ltd', 'profile');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Profile' }).click();
  await fill(page, 'Address', '12 Quay Street\nSydney NSW 2000');
  await fill(page, 'Telephone', '+61 2 5550 0177');
  await page.getByLabel('Language and formats').selectOption({ label: 'Français' });
  await press(page, 'Save changes');
  await expect(page.locator('html')).toHaveAttribute('lang', /^fr/);
  await expect(page.getByRole('navigation').first()).toContainText('Factures');
  await expect(page.getByRole('status')).toBeVisible();
  await picture(page, 'profile-french');
  expect(await api('acme', 'GET', `accounts/${who.account}`)).toMatchObject({ address: '12 Quay Street\nSydney NSW 2000', phone: '+61 2 5550 0177', attributes: { locale: 'fr' } });
});

test('the mail about the sign-in is listed, and the activity names what was done by whom', async ({ page }) => {
  await shopper(page, 'Doing Ltd', 'doing');
  await expect(async () => {
    await page.goto(`${acme}/messages`);
    await expect(page.getByRole('row', { name: /Security/ }).first()).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await page.goto(`${acme}/profile`);
  await fill(page, 'Telephone', '+61 2 5550 0178');
  await press(page, 'Save changes');
  await page.goto(`${acme}/activity`);
  const row = lines(page).filter({ hasText: 'Account changed' });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Robin Miller');
  await expect(table(page)).toContainText('Created a sign-in');
  await expect(table(page)).toContainText('Signed in');
});

test('who is suspended sees what is owed, and reads why the rest is closed', async ({ page }) => {
  await signedIn(page, acme, 'june');
  await expect(main(page)).toContainText(/suspended/i);
  for (const path of ['/orders/new', '/requests/new', '/activity']) {
    const answer = await page.goto(acme + path);
    expect(answer.status(), path).toBe(403);
    await expect(main(page)).toContainText('June');
    await expect(main(page)).toContainText(/suspended/i);
  }
  await page.goto(`${acme}/invoices`);
  await expect(main(page).getByRole('link', { name: /^Pay/ }).first()).toBeVisible();
});

test('by keyboard alone: sign in, order, ask for service, sign out', async ({ page }) => {
  const who = await shopper(page, 'Keyboard Ltd', 'keyboard');
  await page.context().clearCookies();
  await page.goto(`${acme}/sign-in`);
  await type(page, /^Username or email/, who.username);
  await type(page, /^Password/, who.password);
  await Promise.all([page.waitForURL(`${acme}/`), page.keyboard.press('Enter')]);

  await tabTo(page, /^Skip to content/);
  await enter(page, /^Orders/);
  await enter(page, /^New order/);
  await type(page, /^Quantity of Desk telephone/, '1');
  await enter(page, /^Review order/);
  await enter(page, /^Place the order/);
  await expect(main(page)).toContainText('Thank you.');

  await enter(page, /^Service requests/);
  await enter(page, /^New request/);
  await type(page, /^Subject/, 'A second socket');
  await tabTo(page, /^Site/);
  await page.keyboard.press('ArrowDown');
  await type(page, /^What do you need/, 'One more beside the first.');
  await enter(page, /^Send the request/);
  await expect(main(page)).toContainText('Thank you.');
  expect((await ordersOf(who)).length).toBe(1);
  expect((await api('acme', 'GET', `requests?accountId=${who.account}`)).items.length).toBe(1);

  await tabTo(page, /Signed in as/);
  await page.keyboard.press('Enter');
  await enter(page, /^Sign out/);
  await expect(page).toHaveURL(/\/sign-in/);
  await page.goto(`${acme}/invoices`);
  await expect(page).toHaveURL(/\/sign-in/);
});

test('without JavaScript: sign up, order, ask for service, add a contact, sign out', async ({ browser }) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  const who = await shopper(page, 'Plain Ltd', 'plain');
  await page.goto(`${acme}/orders/new`);
  await field(page, 'Quantity of Wi-Fi 7 router').fill('1');
  await press(page, 'Review order');
  await press(page, 'Place the order');
  await expect(main(page)).toContainText('Thank you.');
  await page.goto(`${acme}/requests/new`);
  await press(page, 'Send the request');
  await expect(page.getByRole('alert')).toBeVisible();
  await fill(page, 'Subject', 'A second socket');
  await fill(page, 'What do you need?', 'One more beside the first.');
  await press(page, 'Send the request');
  await expect(main(page)).toContainText('Thank you.');
  await page.goto(`${acme}/portal-settings/contacts/new`);
  await fill(page, 'First name', 'Nils');
  await fill(page, 'Email', `nils@${who.account}.example`);
  await page.getByRole('radio', { name: 'Billing department' }).check();
  await press(page, 'Save contact');
  await expect(page.getByRole('row').filter({ hasText: 'Nils' })).toContainText('Invited');
  await page.goto(`${acme}/security`);
  await expect(page.locator('noscript p')).toBeVisible();
  await expect(main(page).getByRole('button', { name: 'Add a passkey' })).toBeHidden();
  await page.locator('.person summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await context.close();
});
