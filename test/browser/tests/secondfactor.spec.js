// The second step at sign-in: authenticator app, recovery codes, passkeys; and sessions.
import { test, expect } from '@playwright/test';
import { code, device } from '../lib/authenticator.js';
import { customer } from '../lib/customer.js';
import { withSignIn } from '../lib/signin.js';
import { acme, fill, picture, signIn, signedIn } from './people.js';

test('an authenticator app: set up, asked for at sign-in, each code once, recovery codes instead', async ({ page, browser }) => {
  const who = await withSignIn(page, await customer('App Ltd'), 'app');
  await signedIn(page, acme, who.username, who.password);
  await page.goto(`${acme}/security`);
  await picture(page, 'security');
  await page.getByRole('button', { name: 'Set up the app' }).click();
  await expect(page.locator('svg.qr')).toBeVisible();
  await picture(page, 'security-app');
  const key = (await page.locator('code').first().innerText()).trim();
  await fill(page, 'Code from the app', '000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText(/code/i).first()).toBeVisible();
  const used = code(key);
  await fill(page, 'Code from the app', used);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
  await picture(page, 'security-recovery-codes');
  const recovery = (await page.getByRole('listitem').locator('code').allInnerTexts()).map((c) => c.trim());
  expect(recovery.length).toBe(10);

  const other = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await signIn(other, acme, who.username, who.password);
  await expect(other.getByLabel('Code', { exact: true })).toBeVisible();
  await picture(other, 'second-step');
  await fill(other, 'Code', used); // the app's code was used when it was set up
  await other.getByRole('button', { name: 'Continue' }).click();
  await expect(other.getByRole('heading', { name: 'One more step' })).toBeVisible();
  await fill(other, 'Code', recovery[0]);
  await other.getByRole('button', { name: 'Continue' }).click();
  await expect(other.getByRole('heading', { level: 1 })).toContainText('Robin');

  const third = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await signIn(third, acme, who.username, who.password);
  await fill(third, 'Code', recovery[0]); // spent
  await third.getByRole('button', { name: 'Continue' }).click();
  await expect(third.getByRole('heading', { name: 'One more step' })).toBeVisible();
  await fill(third, 'Code', code(key, 1)); // the app is half a minute ahead
  await third.getByRole('button', { name: 'Continue' }).click();
  await expect(third.getByRole('heading', { level: 1 })).toContainText('Robin');
});

test('a passkey: made, signs in without username and password, removed', async ({ page }) => {
  const who = await withSignIn(page, await customer('Passkey Ltd'), 'passkey');
  const phone = await device(page);
  await signedIn(page, acme, who.username, who.password);
  await page.goto(`${acme}/security`);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await fill(page, 'Name of the passkey', 'My phone');
  await picture(page, 'passkey-new');
  await page.getByRole('button', { name: 'Make the passkey' }).click();
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await expect(page.getByRole('main')).toContainText('My phone');
  expect((await phone.keys()).length).toBe(1);
  await picture(page, 'security-with-passkey');

  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Robin');

  // It is a second step too: the password alone does not do any more.
  await signOut(page);
  await signIn(page, acme, who.username, who.password);
  await page.getByRole('button', { name: 'Use my passkey' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Robin');

  await page.goto(`${acme}/security`);
  await page.getByRole('link', { name: /Change or remove/ }).click();
  await page.getByRole('button', { name: 'Remove the passkey' }).click();
  await expect(page.getByRole('main')).toContainText('You have no passkeys yet');
});

test('sessions are listed, and ended at once', async ({ page, browser }) => {
  const who = await withSignIn(page, await customer('Sessions Ltd'), 'sessions');
  await signedIn(page, acme, who.username, who.password);
  const other = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await signedIn(other, acme, who.username, who.password);
  await page.goto(`${acme}/sessions`);
  await expect(page.getByText('This browser')).toBeVisible();
  await picture(page, 'sessions');
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await other.goto(`${acme}/`);
  await expect(other).toHaveURL(/\/sign-in/);
  await page.goto(`${acme}/`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Robin');
});

async function signOut(page) {
  await page.goto(`${acme}/`);
  await page.locator('.person summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
}
