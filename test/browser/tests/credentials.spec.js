// The life of a sign-in, from the provider's side and in the browser: Fusebill's four
// screens, links that work once, forgotten passwords.
import { test, expect } from '@playwright/test';
import { colleague, credentials, customer, sendCreateMail, sendResetMail } from '../lib/customer.js';
import { choose, secret, setUp } from '../lib/signin.js';
import { api, lastLink, scan } from '../lib/world.js';
import { acme, fill, picture, signIn, signedIn } from './people.js';

test('the screen is empty: only the create mail may be sent, and its link makes a sign-in', async ({ page }) => {
  const robin = await customer('Miller Joinery');
  expect(await credentials(robin.contact)).toMatchObject({ state: 'None', mail: 'Create' });
  await expect(sendResetMail(robin.contact)).rejects.toThrow('409');
  await sendCreateMail(robin.contact);

  await page.goto(acme + (await lastLink('acme', 'portal.credentialCreate', robin.account)));
  await expect(page.getByRole('main')).toContainText('Miller Joinery');
  await picture(page, 'create-link');
  await page.getByRole('main').getByRole('button').click();
  await picture(page, 'create-set-up');
  await fill(page, 'Username', `robin.${robin.account}`);
  await choose(page, secret);
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByLabel('Username or email')).toHaveValue(`robin.${robin.account}`);
  await picture(page, 'create-done');
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Robin');
  expect(await credentials(robin.contact)).toMatchObject({ state: 'Active', mail: 'Reset' });
});

test('username only: the create mail, and the username is there already', async ({ page }) => {
  const robin = await customer('Named Ltd', { user: { username: `named-${process.pid}` } });
  expect(await credentials(robin.contact)).toMatchObject({ state: 'Named', mail: 'Create' });
  await expect(sendResetMail(robin.contact)).rejects.toThrow('409');
  await sendCreateMail(robin.contact);
  await page.goto(acme + (await lastLink('acme', 'portal.credentialCreate', robin.account)));
  await page.getByRole('main').getByRole('button').click();
  await expect(page.getByLabel('Username', { exact: true })).toHaveValue(`named-${process.pid}`);
  await choose(page, secret);
  await signedIn(page, acme, `named-${process.pid}`, secret);
});

test('username and password: only the reset mail; the old password ends, and so do other sessions', async ({ page, browser }) => {
  const robin = await customer('Reset Ltd');
  await sendCreateMail(robin.contact);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `reset-${process.pid}`);
  await signedIn(page, acme, `reset-${process.pid}`, secret);
  await expect(sendCreateMail(robin.contact)).rejects.toThrow('409');
  await sendResetMail(robin.contact);

  const other = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await setUp(other, await lastLink('acme', 'portal.passwordReset', robin.account), null, 'nine green kettles');
  await expect(other).toHaveURL(/\/sign-in/);
  await page.goto(`${acme}/`);
  await expect(page, 'the session from before').toHaveURL(/\/sign-in/);
  await signIn(page, acme, `reset-${process.pid}`, secret);
  await expect(page.getByRole('alert')).toContainText('do not match');
  await signedIn(page, acme, `reset-${process.pid}`, 'nine green kettles');
});

test('the username is deleted: the screen is empty again, and somebody else takes over', async ({ page }) => {
  const robin = await customer('Handover Ltd');
  await sendCreateMail(robin.contact);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `gone-${process.pid}`);
  await signedIn(page, acme, `gone-${process.pid}`, secret);
  await api('acme', 'DELETE', `contacts/${robin.contact}/user`);
  expect(await credentials(robin.contact)).toMatchObject({ state: 'None', mail: 'Create' });
  await page.goto(`${acme}/invoices`);
  await expect(page).toHaveURL(/\/sign-in/);
  await sendCreateMail(robin.contact);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `gone-${process.pid}`, 'ten red kettles');
  await signedIn(page, acme, `gone-${process.pid}`, 'ten red kettles');
});

test('a spent link leads to the sign-in page and says so; looking at one spends nothing', async ({ page }) => {
  const robin = await customer('Scanner Ltd');
  await sendCreateMail(robin.contact);
  const link = await lastLink('acme', 'portal.credentialCreate', robin.account);
  for (const method of ['GET', 'HEAD', 'GET', 'HEAD']) expect(await scan(method, acme, link)).toBe(200);
  await page.goto(acme + link);
  await page.getByRole('main').getByRole('button').click();
  await page.goto(acme + link);
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByRole('status')).toBeVisible();
  await picture(page, 'link-spent');

  // What was sent anew works, and voids what was sent before.
  await sendCreateMail(robin.contact);
  const second = await lastLink('acme', 'portal.credentialCreate', robin.account);
  await sendCreateMail(robin.contact);
  await page.goto(acme + second);
  await expect(page).toHaveURL(/\/sign-in/);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `scanner-${process.pid}`);
  await expect(page).toHaveURL(/\/sign-in/);
});

test('several primary addresses: each has a link, the first that finishes wins', async ({ page }) => {
  const robin = await customer('Two Desks Ltd');
  await colleague(robin, 'alex', { roles: ['Primary'] });
  await sendCreateMail(robin.contact);
  const first = await lastLink('acme', 'portal.credentialCreate', robin.account, 0);
  const second = await lastLink('acme', 'portal.credentialCreate', robin.account, 1);
  expect(first).not.toBe(second);
  await setUp(page, second, `two-${process.pid}`);
  await signedIn(page, acme, `two-${process.pid}`, secret);
  await page.context().clearCookies();
  await page.goto(acme + first);
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a username that is taken is said at the moment of choosing, and a weak password too', async ({ page }) => {
  const robin = await customer('Taken Ltd');
  await sendCreateMail(robin.contact);
  await page.goto(acme + (await lastLink('acme', 'portal.credentialCreate', robin.account)));
  await page.getByRole('main').getByRole('button').click();
  await fill(page, 'Username', 'DANA');
  await choose(page, secret);
  await expect(page.getByRole('alert')).toContainText(/taken/i);
  await expect(page.getByLabel('Username', { exact: true })).toHaveValue('DANA');
  await picture(page, 'username-taken');
  await fill(page, 'Username', 'dana@customers.example'); // the address of another
  await choose(page, secret);
  await expect(page.getByRole('alert')).toBeVisible();
  await fill(page, 'Username', `free-${process.pid}`);
  await choose(page, 'password1');
  await expect(page.getByRole('alert')).toContainText(/password/i);
  await choose(page, secret, 'something else');
  await expect(page.getByRole('alert')).toBeVisible();
  await choose(page, secret);
  await expect(page).toHaveURL(/\/sign-in/);
});

test('a forgotten password reads the same for everybody', async ({ page }) => {
  const said = [];
  for (const login of ['dana', 'nobody-at-all']) {
    await page.goto(`${acme}/sign-in`);
    await page.getByRole('link', { name: /forgot/i }).click();
    await fill(page, 'Username or email', login);
    await page.getByRole('button', { name: 'Send mail' }).click();
    said.push(await page.getByRole('main').innerText());
  }
  expect(said[0]).toBe(said[1]);
  await picture(page, 'forgot-sent');
});

test('by keyboard alone: forgotten, link, new password, signed in', async ({ page }) => {
  const robin = await customer('Keyboard Ltd');
  await sendCreateMail(robin.contact);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `keys-${process.pid}`);
  await page.goto(`${acme}/forgot`);
  await tabTo(page, 'login');
  await page.keyboard.type(`keys-${process.pid}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'Back to sign-in' })).toBeVisible();
  await expect.poll(async () => lastLink('acme', 'portal.passwordReset', robin.account).catch(() => '')).not.toBe('');
  await page.goto(acme + (await lastLink('acme', 'portal.passwordReset', robin.account)));
  for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement.tagName)) !== 'BUTTON'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/set-up/);
  await tabTo(page, 'password');
  await page.keyboard.type('eleven kettles whistle');
  await tabTo(page, 'repeat');
  await page.keyboard.type('eleven kettles whistle');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await tabTo(page, 'password');
  await page.keyboard.type('eleven kettles whistle');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Robin');
});

async function tabTo(page, id) {
  for (let i = 0; i < 40; i++) {
    if ((await page.evaluate(() => document.activeElement.id)) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`nothing with id ${id} is reached by Tab`);
}

test('without JavaScript: link, set-up, sign-in, changed password', async ({ browser }) => {
  const robin = await customer('Plain Ltd');
  await sendCreateMail(robin.contact);
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', robin.account), `plain-${process.pid}`);
  await signedIn(page, acme, `plain-${process.pid}`, secret);
  await page.goto(`${acme}/security/password`);
  await fill(page, 'Current password', secret);
  await fill(page, 'New password', 'twelve quiet kettles');
  await fill(page, 'New password once more', 'twelve quiet kettles');
  await page.getByRole('button', { name: 'Save password' }).click();
  await expect(page.getByRole('status')).toBeVisible();
  await picture(page, 'password-changed');
  await context.close();
});
