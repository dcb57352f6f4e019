// Every route in every look, for those who see it: what lib/looks.js asks of a page.
import { test, expect } from '@playwright/test';
import { code, device } from '../lib/authenticator.js';
import { customer, sendCreateMail } from '../lib/customer.js';
import { inspect, narrow, visits, walk, watched } from '../lib/looks.js';
import { choose, secret, withSignIn } from '../lib/signin.js';
import { api, lastLink } from '../lib/world.js';
import { acme, fill, picture, signIn, signedIn } from './people.js';

for (const who of Object.keys(visits)) {
  test(`what ${who} sees`, async ({ browser }) => {
    test.setTimeout(900_000);
    expect(await walk(browser, who)).toEqual([]);
  });
}

test('on the way to a sign-in, and to a second step', async ({ browser }) => {
  test.setTimeout(900_000);
  const { context, page, findings } = await watched(browser);
  const see = async (name) => findings.push(...(await inspect(page, `way-${name}`)));
  const who = await customer('Looks Ltd');
  const username = `looks-${process.pid}`;
  await sendCreateMail(who.contact);
  await page.goto(acme + (await lastLink('acme', 'portal.credentialCreate', who.account)));
  await see('link');
  await page.getByRole('main').getByRole('button').click();
  await see('set-up');
  await fill(page, 'Username', 'dana');
  await choose(page, secret, `${secret}, not`);
  await see('set-up-wrong');
  await fill(page, 'Username', username);
  await choose(page, secret);
  await page.waitForURL(/\/sign-in/);
  await see('set-up-done');
  await page.goto(acme + (await lastLink('acme', 'portal.credentialCreate', who.account)));
  await see('link-spent');
  await signIn(page, acme, username, 'not the password');
  await see('sign-in-refused');
  await signedIn(page, acme, username, secret);
  await see('new-account');
  for (const route of ['/invoices', '/payments', '/services', '/orders', '/requests', '/messages']) {
    await page.goto(acme + route);
    await see(`empty${route.replace('/', '-')}`);
  }
  await see('empty');
  await page.goto(`${acme}/preferences/email`);
  await fill(page, 'New email address', `other@${who.account}.example`);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await see('email-pending');
  await page.goto(acme + (await lastLink('acme', 'contact.verifyEmail', who.account)));
  await see('verify');

  await device(page);
  await page.goto(`${acme}/security`);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await see('passkey-new');
  await fill(page, 'Name of the passkey', 'My phone');
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await see('recovery-codes');
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await page.getByRole('button', { name: 'Set up the app' }).click();
  await see('authenticator');
  const key = (await page.locator('code').first().innerText()).trim();
  await fill(page, 'Code from the app', code(key));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.goto(`${acme}/security`);
  await see('security-all-on');
  await page.getByRole('link', { name: /Change or remove/ }).click();
  await see('passkey');
  for (const route of ['/security/authenticator/remove', '/security/recovery-codes']) {
    await page.goto(acme + route);
    await see(route.replaceAll('/', '-').slice(1));
  }
  await page.context().clearCookies();
  await signIn(page, acme, username, secret);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('One more step');
  await see('second-step');
  expect(findings).toEqual([]);
  await context.close();
});

test('forms that were not accepted, and changes of the other side', async ({ browser }) => {
  const { context, page, findings } = await watched(browser);
  const who = await withSignIn(page, await customer('Wrong Ltd'), 'wrong');
  await api('acme', 'PUT', `sites/${who.account}-site`, { accountId: who.account, name: 'Depot' });
  await signedIn(page, acme, who.username, who.password);
  const see = async (name) => findings.push(...(await inspect(page, `wrong-${name}`)));
  for (const [route, button] of [
    ['/orders/new', 'Review order'],
    ['/requests/new', 'Send the request'],
    ['/portal-settings/contacts/new', 'Save contact'],
    ['/security/password', /password/],
  ]) {
    await page.goto(acme + route);
    await page.locator('main form:not([hidden])').evaluateAll((forms) => forms.forEach((f) => (f.noValidate = true)));
    await page.getByRole('main').getByRole('button', { name: button }).first().click();
    await expect(page.getByRole('main').getByRole('alert'), route).toBeVisible();
    await see(route.replaceAll('/', '-').slice(1));
  }
  await page.goto(`${acme}/profile`);
  await fill(page, 'Telephone', '+61 2 5550 0009');
  await api('acme', 'PATCH', `accounts/${who.account}`, { phone: '+61 2 5550 0008' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.getByRole('main').getByRole('alert')).toContainText('+61 2 5550 0008');
  await see('profile-conflict');
  expect(findings).toEqual([]);
  await context.close();
});

test('the menu of a narrow screen opens, closes and is kept from what is behind it', async ({ browser }) => {
  const { context, page, findings } = await watched(browser);
  await narrow(page);
  await signedIn(page, acme, 'dana');
  const navigation = page.getByRole('navigation', { name: 'Main' });
  await expect(navigation).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).click();
  await picture(page, 'menu-open');
  await page.keyboard.press('Escape');
  await expect(navigation).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).click();
  await navigation.getByRole('link', { name: 'Payments' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Payments');
  await page.locator('.person summary').click();
  await picture(page, 'person-menu-open');
  expect(findings).toEqual([]);
  await context.close();
});
