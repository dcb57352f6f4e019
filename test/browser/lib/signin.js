// A sign-in of a test's own, made as people make theirs: by the link that they are sent.
import { expect } from '@playwright/test';
import { acme, fill } from '../tests/people.js';
import { sendCreateMail } from './customer.js';
import { lastLink } from './world.js';

export const secret = 'seven blue kettles';

// withSignIn gives the owner of a customer a sign-in and returns it. The username begins
// with the name, and is nobody else's.
export async function withSignIn(page, who, name) {
  const username = `${name}-${who.account}`;
  await sendCreateMail(who.contact);
  await setUp(page, await lastLink('acme', 'portal.credentialCreate', who.account), username);
  return { ...who, username, password: secret };
}

// setUp follows a link to its end. Without a username that of the link stays.
export async function setUp(page, link, username, password = secret) {
  await page.goto(acme + link);
  await page.getByRole('main').getByRole('button').click();
  if (username) await fill(page, 'Username', username);
  await choose(page, password);
  await expect(page).toHaveURL(/\/sign-in/, { timeout: 60_000 });
}

// choose types a new password, twice.
export async function choose(page, password, again = password) {
  await fill(page, 'New password', password);
  await fill(page, 'New password once more', again);
  await page.getByRole('main').getByRole('button').click();
}
