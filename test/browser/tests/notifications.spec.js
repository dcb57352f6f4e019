// What people are told in the portal: banners, the messages that were sent to them, and how
// they have no more of them.
import { test, expect } from '@playwright/test';
import { customer } from '../lib/customer.js';
import { enter } from '../lib/keyboard.js';
import { inspect, watched } from '../lib/looks.js';
import { withSignIn } from '../lib/signin.js';
import { api, ask, tell, unsubscribeLink } from '../lib/world.js';
import { acme, signedIn } from './people.js';

const banner = (account, texts) => tell('acme', 'banner', { accountID: account, texts });
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

test('a message is read as it was sent, and one about signing in is not kept', async ({ browser }) => {
  test.setTimeout(600_000);
  const { context, page, findings } = await watched(browser);
  const who = await withSignIn(page, await customer('Message Ltd'), 'message');
  const sent = { accountID: who.account, contactID: who.contact, address: who.email, channel: 'Email' };
  await tell('acme', 'message', { ...sent, category: 'Invoice', subject: 'Invoice 17 is due today', body: 'Hello Robin,\n\nyour invoice is <due> today.\n' });
  await tell('acme', 'message', { ...sent, category: 'Invoice', channel: 'SMS', address: '+61491570156', body: 'Acme: invoice 17 is overdue.' });
  await tell('acme', 'message', { ...sent, category: 'Security', subject: 'Choose a new password' });
  await signedIn(page, acme, who.username, who.password);
  await page.goto(`${acme}/messages`);
  await expect(page.getByRole('table')).toContainText('Text message');
  findings.push(...(await inspect(page, 'messages-of-all-kinds')));
  await page.getByRole('link', { name: 'Invoice 17 is due today' }).click();
  await expect(page.getByRole('main')).toContainText('your invoice is <due> today.');
  await page.goBack();
  await page.getByRole('link', { name: /^Message of / }).click();
  await expect(page.getByRole('main')).toContainText('Acme: invoice 17 is overdue.');
  findings.push(...(await inspect(page, 'message-text')));
  await page.goto(`${acme}/messages`);
  await page.getByRole('link', { name: 'Choose a new password' }).click();
  await expect(page.getByRole('main')).toContainText('The text is not kept');
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
