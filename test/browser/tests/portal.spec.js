// What customers see, and that two kinds of customers see different things.
import { test, expect } from '@playwright/test';
import { acme, nordlicht, picture, signIn, signedIn } from './people.js';

test('a business customer has 21 days, invoices and activity', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  await expect(page.getByRole('banner')).toContainText('Dana Whitfield');
  await expect(page.getByRole('contentinfo')).toContainText('Harbour Lane Coffee Pty Ltd');
  await expect(page.getByRole('main')).toContainText('21 days');
  await picture(page, 'business-home');

  const navigation = page.getByRole('navigation').first();
  await navigation.getByRole('link', { name: /invoices/i }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/invoices/i);
  await expect(page.getByRole('table')).toContainText('$');
  await picture(page, 'business-invoices');

  await navigation.getByRole('link', { name: /activity/i }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(/activity/i);
  await expect(page.getByRole('main')).toContainText(/signed in/i);
  await picture(page, 'business-activity');
});

test('a residential customer has 14 days and no activity page at all', async ({ page }) => {
  await signedIn(page, acme, 'ravi');
  await expect(page.getByRole('main')).toContainText('14 days');
  await expect(page.getByRole('navigation').first().getByText(/activity/i)).toHaveCount(0);
  await picture(page, 'residential-home');
  await page.goto(`${acme}/invoices`);
  await picture(page, 'residential-invoices');
});

test('what a colleague was not granted is locked, and leads to a page in person', async ({ page }) => {
  await signedIn(page, acme, 'sam');
  await expect(page.getByRole('banner')).toContainText('Sam Okafor');
  await picture(page, 'colleague-home');
  await page.getByRole('navigation').first().getByRole('link', { name: /activity/i }).click();
  await expect(page.getByRole('main')).toContainText('Sam');
  await expect(page.getByRole('main')).toContainText('Harbour Lane Coffee Pty Ltd');
  await expect(page.getByRole('main').getByRole('link', { name: /invoices/i }).first()).toBeVisible();
  await picture(page, 'colleague-denied');
});

test('what the profile lacks is denied by address too', async ({ page }) => {
  await signedIn(page, acme, 'ravi');
  const response = await page.goto(`${acme}/activity`);
  expect(response.status()).toBe(403);
  await expect(page.getByRole('main')).toContainText('Ravi');
  await picture(page, 'residential-denied');
});

test('a suspended account keeps its invoices and is told why the rest is closed', async ({ page }) => {
  await signedIn(page, acme, 'june');
  await page.goto(`${acme}/activity`);
  await expect(page.getByRole('main')).toContainText(/suspended/i);
  await picture(page, 'suspended-denied');
  const response = await page.goto(`${acme}/invoices`);
  expect(response.status()).toBe(200);
});

test('the second tenant looks like itself and writes money its own way', async ({ page }) => {
  await signedIn(page, nordlicht, 'lena');
  await expect(page.getByRole('banner')).toContainText('Nordlicht Hosting');
  await page.goto(`${nordlicht}/invoices`);
  await expect(page.getByRole('table')).toContainText('€');
  await picture(page, 'nordlicht-invoices');
});

test('a session of one tenant is nothing to another', async ({ page }) => {
  await signedIn(page, acme, 'dana');
  await page.goto(`${nordlicht}/`);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await signIn(page, nordlicht, 'dana');
  await expect(page.getByRole('alert')).toBeVisible();
});

test('a wrong password and an unknown user read the same', async ({ browser }) => {
  const texts = [];
  for (const username of ['dana', 'nobody-of-that-name']) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await signIn(page, acme, username, 'not the password');
    texts.push(await page.getByRole('alert').innerText());
    if (texts.length === 1) await picture(page, 'sign-in-refused');
    await context.close();
  }
  expect(texts[0]).toBe(texts[1]);
});
