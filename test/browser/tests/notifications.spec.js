// What people are told in the portal: banners, the messages that were sent to them, and how
// they have no more of them.
import { test, expect } from '@playwright/test';
import { colleague, customer } from '../lib/customer.js';
import { enter } from '../lib/keyboard.js';
import { inspect, watched } from '../lib/looks.js';
import { withSignIn } from '../lib/signin.js';
import { api, ask, mailTo, tell, unsubscribeLink } from '../lib/world.js';
import { acme, signedIn } from './people.js';

const banner = (account, texts, about = '') => tell('acme', 'banner', { accountID: account, category: 'Invoice', eventType: 'invoice.unpaid', about, texts });
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const invoice = (account, number, more = {}) =>
  api('acme', 'PUT', `invoices/${account}-${number}`, {
    accountId: account, number: `${account}-${number}`, issuedOn: day(0), dueOn: day(14), currency: 'AUD', total: '89.00', balance: '89.00', status: 'Open', ...more,
  });
const notices = (page) => page.getByRole('region', { name: /^(For you|Für Sie|Pour vous)$/ });

test('banners stand above every page until the person closes them', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page, findings } = await watched(browser);
  const who = await withSignIn(page, await customer('Banner Ltd'), 'banner');
  await signedIn(page, acme, who.username, who.password);
  await expect(notices(page)).toHaveCount(0);
  await banner(who.account, { '': 'Invoice 17 for $89.00 was due on 1 Nov 2026. Please pay it, or talk to us.', de: 'Bitte bezahlen Sie Rechnung 17.' });
  await banner(who.account, { '': `A visit is planned <b>here</b>: ${'averyveryverylongword'.repeat(8)}` });
  for (const route of ['/', '/invoices', '/profile', '/no-such-page']) {
    await page.goto(acme + route);
    await expect(notices(page), route).toContainText('Please pay it, or talk to us.');
    await expect(notices(page), route).toContainText('<b>here</b>');
  }
  await page.goto(`${acme}/invoices?state=paid`);
  findings.push(...(await inspect(page, 'banners')));
  await expect(notices(page).getByRole('button', { name: 'Close' }).last()).toHaveAccessibleDescription(/Invoice 17/);

  await notices(page).getByRole('button', { name: 'Close' }).last().click();
  await expect(page).toHaveURL(`${acme}/invoices?state=paid`);
  await expect(notices(page)).not.toContainText('Invoice 17');
  await expect(notices(page)).toContainText('A visit is planned');

  await page.goto(`${acme}/preferences`); // by keyboard, and in German
  await api('acme', 'PATCH', `accounts/${who.account}`, { attributes: { locale: 'de-AT' } });
  await banner(who.account, { '': 'in English', de: 'auf Deutsch', 'de-CH': 'auf Schweizerdeutsch' });
  await page.reload();
  await expect(notices(page)).toContainText('auf Deutsch');
  await enter(page, /^Schließen$/);
  await expect(notices(page)).not.toContainText('auf Deutsch');
  await expect(page).toHaveURL(`${acme}/preferences`);
  expect(findings).toEqual([]);
  await context.close();
});

test('a banner of an invoice is for those who see invoices, until it is paid', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page } = await watched(browser);
  const who = await withSignIn(page, await customer('Due Ltd'), 'due');
  const tech = await withSignIn(page, await colleague(who, 'tech', { grants: ['ViewServices'] }), 'tech');
  await invoice(who.account, 1);
  await banner(who.account, { '': 'Invoice 1 for $89.00 is to be paid.' }, `${who.account}-1`);
  await signedIn(page, acme, who.username, who.password);
  await expect(notices(page)).toContainText('Invoice 1 for $89.00');
  const other = await browser.newContext({ ignoreHTTPSErrors: true });
  const theirs = await other.newPage();
  await signedIn(theirs, acme, tech.username, tech.password);
  for (const route of ['/', '/services', '/invoices']) {
    await theirs.goto(acme + route);
    await expect(theirs.getByRole('main'), route).toBeVisible();
    await expect(notices(theirs), route).toHaveCount(0);
  }
  await invoice(who.account, 1, { balance: '0.00', status: 'Paid' });
  await page.reload();
  await expect(page.getByRole('main')).toBeVisible();
  await expect(notices(page)).toHaveCount(0);
  await other.close();
  await context.close();
});

test('what the dispatcher sends is listed for whom it was sent to, and nobody else', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page, findings } = await watched(browser);
  const who = await withSignIn(page, await customer('Told Ltd'), 'told');
  const books = await withSignIn(page, await colleague(who, 'books', { roles: ['Billing'], grants: ['ViewInvoices', 'ViewEmails'] }), 'books');
  await invoice(who.account, 1);
  const mail = await mailTo('acme', books.email, 'List-Unsubscribe:');
  await signedIn(page, acme, books.username, books.password);
  await expect(async () => {
    await page.goto(`${acme}/messages`);
    await expect(page.getByRole('link', { name: `Your invoice ${who.account}-1 for` })).toBeVisible({ timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  findings.push(...(await inspect(page, 'messages-of-the-dispatcher')));
  await page.getByRole('link', { name: `Your invoice ${who.account}-1 for` }).click();
  await expect(page.getByRole('main')).toContainText('your new invoice is attached to this mail.');
  await expect(page.getByRole('main')).toContainText(books.email);
  await page.goto(`${acme}/messages`);
  await page.getByRole('row', { name: /Security/ }).getByRole('link').first().click();
  await expect(page.getByRole('main')).toContainText('The text is not kept');
  await expect(page.getByRole('main')).not.toContainText('/credentials/');

  const [, link] = mail.match(/List-Unsubscribe:\s*<https:\/\/acme\.localhost(\/unsubscribe\/[^>\s]+)>/);
  await page.goto(acme + link);
  await expect(page.getByRole('main')).toContainText('Invoices and payments');
  expect((await api('acme', 'GET', `contacts/${books.contact}`)).optedOut ?? []).toEqual([]);
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are unsubscribed');
  expect((await api('acme', 'GET', `contacts/${books.contact}`)).optedOut).toEqual(['Invoice']);

  await page.context().clearCookies();
  await signedIn(page, acme, who.username, who.password);
  await page.goto(`${acme}/messages`); // what went to books is not theirs to read
  await expect(page.getByRole('row', { name: /Security/ }).first()).toBeVisible();
  await expect(page.getByRole('main')).not.toContainText(`${who.account}-1`);
  await api('acme', 'PATCH', `accounts/${who.account}`, { status: 'Suspended', statusReason: 'As you asked.' });
  await expect(async () => {
    await page.goto(acme);
    await expect(notices(page)).toContainText('Your services are suspended. As you asked.', { timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await notices(page).getByRole('button', { name: 'Close' }).click();
  await expect(notices(page)).toHaveCount(0);
  expect(findings).toEqual([]);
  await context.close();
});

test('a message is read as it was sent, on every channel', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page, findings } = await watched(browser);
  const who = await withSignIn(page, await customer('Message Ltd'), 'message');
  const sent = { accountID: who.account, contactID: who.contact, address: who.email, channel: 'Email' };
  await tell('acme', 'message', { ...sent, category: 'Invoice', subject: 'Invoice 17 is due today', body: 'Hello Robin,\n\nyour invoice is <due> today.\n' });
  await tell('acme', 'message', { ...sent, category: 'Invoice', channel: 'SMS', address: '+61491570156', body: 'Acme: invoice 17 is overdue.' });
  await signedIn(page, acme, who.username, who.password);
  await page.goto(`${acme}/messages`);
  await expect(page.getByRole('table')).toContainText('Text message');
  findings.push(...(await inspect(page, 'messages-of-all-kinds')));
  await page.getByRole('link', { name: 'Invoice 17 is due today' }).click();
  await expect(page.getByRole('main')).toContainText('your invoice is <due> today.');
  await page.goBack();
  await page.getByRole('row', { name: /Text message/ }).getByRole('link', { name: /^Message of / }).click();
  await expect(page.getByRole('main')).toContainText('Acme: invoice 17 is overdue.');
  findings.push(...(await inspect(page, 'message-text')));
  await page.goto(`${acme}/preferences`);
  await expect(page.getByRole('main')).toContainText('These messages always come.');
  await expect(page.getByLabel('Security', { exact: true })).toBeDisabled();
  expect(findings).toEqual([]);
  await context.close();
});

test('the link of a mail says what it stops, and stops it at the press of its button', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page, findings } = await watched(browser);
  const who = await customer('Fewer Mails Ltd');
  const link = unsubscribeLink('acme', who.contact, 'Invoice');
  await page.goto(acme + link);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Do you want to unsubscribe?');
  await expect(page.getByRole('main')).toContainText('Invoices and payments');
  findings.push(...(await inspect(page, 'unsubscribe')));
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).optedOut ?? []).toEqual([]);
  await page.getByRole('button', { name: 'Unsubscribe' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are unsubscribed');
  findings.push(...(await inspect(page, 'unsubscribed')));
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).optedOut).toEqual(['Invoice']);
  expect(findings).toEqual([]);
  await context.close();
});

test('a program that shows mails presses the button from elsewhere', async () => {
  const who = await customer('One Click Ltd');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://webmail.example', 'sec-fetch-site': 'cross-site' };
  const answer = await ask('POST', acme, unsubscribeLink('acme', who.contact, 'Support'), { headers, body: 'List-Unsubscribe=One-Click' });
  expect(answer.status).toBe(200);
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).optedOut).toEqual(['Support']);
  const other = await ask('POST', acme, '/sign-out', { headers, body: '' });
  expect(other.status).toBe(403);
});
