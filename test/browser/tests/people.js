// The people of the demo (hack/demo/people) and what a test does as one of them.
import { expect } from '@playwright/test';

const password = 'try-the-portal';

export const acme = 'https://acme.localhost';
export const nordlicht = 'https://nordlicht.localhost';

// dana: owner of a business. sam: her colleague, granted invoices only.
// ravi: a residential customer. june: owner of a suspended business.
export async function signIn(page, origin, username, secret = password) {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel(/user name|username|email/i).first().fill(username);
  await page.getByLabel(/^password/i).fill(secret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signedIn(page, origin, username, secret = password) {
  await signIn(page, origin, username, secret);
  await expect(page.getByRole('banner').locator('.person summary')).toBeVisible();
}

// Screenshots are for people to look at; the folder is git-ignored.
export async function picture(page, name) {
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true });
}

// field is the one with exactly this label; fields that may stay empty say so after it.
export function field(page, label) {
  const words = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return page.getByLabel(new RegExp(`^\\s*${words}(\\s*\\([^)]+\\))?\\s*$`));
}

// fill writes into the field with exactly this label.
export async function fill(page, label, text) {
  await field(page, label).fill(text);
}
