// Who else may use the portal: ServiceCore's portal settings (toggle, add, edit, delete)
// and WHMCS's sub-accounts with exactly their sections.
import { test, expect } from '@playwright/test';
import { colleague, customer } from '../lib/customer.js';
import { secret, setUp, withSignIn } from '../lib/signin.js';
import { allEvents, api, lastLink } from '../lib/world.js';
import { acme, field, fill, picture, signedIn } from './people.js';

const row = (page, name) => page.getByRole('row').filter({ hasText: name });

// toggle turns the portal of a contact on or off: ServiceCore's one switch. On invites who
// has no sign-in yet.
const toggle = (page, name) => row(page, name).getByRole('switch', { name: /Customer portal enabled/ }).click();

// owner is a signed-in owner of an account of their own, at the portal settings.
async function owner(page, company, name) {
  const who = await withSignIn(page, await customer(company), name);
  await signedIn(page, acme, who.username, who.password);
  return who;
}

const settings = (page) => page.goto(`${acme}/portal-settings`);

test('add: the contact is invited, accepts, and has what was granted', async ({ page, browser }) => {
  const who = await owner(page, 'Adding Ltd', 'adding');
  await page.getByRole('link', { name: 'Portal settings' }).first().click();
  await page.getByRole('link', { name: 'Add contact' }).click();
  await fill(page, 'First name', 'Nadia');
  await fill(page, 'Email', `nadia@${who.account}.example`);
  await page.getByRole('checkbox', { name: 'Invoices', exact: true }).check();
  await picture(page, 'contact-new');
  await page.getByRole('button', { name: 'Save contact' }).click();
  await expect(row(page, 'Nadia')).toContainText('Invited');
  await picture(page, 'portal-settings');

  const nadia = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await nadia.goto(acme + (await lastLink('acme', 'contact.invited', who.account)));
  await expect(nadia.getByRole('main')).toContainText('Robin Miller');
  await picture(nadia, 'invitation');
  await setUp(nadia, await lastLink('acme', 'contact.invited', who.account), `nadia-${who.account}`);
  await signedIn(nadia, acme, `nadia-${who.account}`, secret);
  await nadia.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^Payments/ }).click();
  await expect(nadia.getByRole('main')).toContainText('Nadia');
  await expect(nadia.getByRole('main')).toContainText('Adding Ltd');
  await expect(nadia.getByRole('main').getByRole('link', { name: 'Invoices' })).toBeVisible();
  await settings(page);
  await expect(row(page, 'Nadia')).toContainText('Active');
});

test('toggle: off ends the session at once, on lets the person back in', async ({ page, browser }) => {
  const who = await owner(page, 'Toggle Ltd', 'toggle');
  await colleague(who, 'tess', { grants: ['ViewInvoices'] });
  await settings(page);
  await toggle(page, 'tess');
  await expect(row(page, 'tess')).toContainText('Invited');
  const tess = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await setUp(tess, await lastLink('acme', 'contact.invited', who.account), `tess-${who.account}`);
  await signedIn(tess, acme, `tess-${who.account}`, secret);

  await settings(page);
  await toggle(page, 'tess');
  await expect(row(page, 'tess')).toContainText('Switched off');
  await tess.goto(`${acme}/invoices`);
  await expect(tess).toHaveURL(/\/sign-in/);
  expect((await allEvents('acme', 'portal.accessRevoked', who.account)).length).toBe(1);
  await toggle(page, 'tess');
  await expect(row(page, 'tess')).toContainText('Active');
  await signedIn(tess, acme, `tess-${who.account}`, secret);
});

test('edit: a conflict with the provider shows what changed; delete: asked first', async ({ page }) => {
  const who = await owner(page, 'Editing Ltd', 'editing');
  const paul = await colleague(who, 'paul', { lastName: 'Weber', phone: '+61 2 5550 0001' });
  await settings(page);
  await row(page, 'paul').getByRole('link', { name: 'Edit' }).click();
  await fill(page, 'Last name', 'Becker');
  await api('acme', 'PATCH', `contacts/${paul.contact}`, { phone: '+61 2 5550 0002' });
  await page.getByRole('button', { name: 'Save contact' }).click();
  await expect(page.getByRole('main')).toContainText('Somebody else changed this meanwhile');
  await expect(page.getByRole('main')).toContainText('+61 2 5550 0002');
  await expect(field(page, 'Last name')).toHaveValue('Becker');
  await picture(page, 'contact-conflict');
  await page.getByRole('button', { name: 'Save contact' }).click();
  await expect(row(page, 'paul')).toContainText('Becker');
  expect((await api('acme', 'GET', `contacts/${paul.contact}`)).lastName).toBe('Becker');

  await row(page, 'paul').getByRole('link', { name: 'Delete' }).click();
  await picture(page, 'contact-delete');
  await page.getByRole('button', { name: 'Delete contact' }).click();
  await expect(row(page, 'paul')).toHaveCount(0);
  await expect(api('acme', 'GET', `contacts/${paul.contact}`)).rejects.toThrow('404');
});

test('the billing department pays and orders, and sees nothing technical', async ({ page }) => {
  await sections(page, 'bella', { open: ['Home', 'Invoices', 'Payments', 'Orders'], locked: ['Services', 'Service requests', 'Profile', 'Messages', 'Activity'] });
});

test('the web developer sees services, and nothing of billing or the account', async ({ page }) => {
  await sections(page, 'theo', { open: ['Home', 'Services'], locked: ['Invoices', 'Payments', 'Orders', 'Service requests', 'Profile', 'Messages', 'Activity'] });
});

test('the site contact asks for work at their own site, and cannot manage contacts', async ({ page }) => {
  await sections(page, 'kit', { open: ['Home', 'Service requests'], locked: ['Invoices', 'Payments', 'Services', 'Orders', 'Profile', 'Messages', 'Activity'] });
  await page.goto(`${acme}/requests/new`);
  const sites = await page.getByLabel('Site').locator('option').allInnerTexts();
  expect(sites.join(' ')).toContain('Station kiosk');
  expect(sites.join(' ')).not.toContain('Roastery');
  await page.goto(`${acme}/portal-settings`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Kit');
});

// sections proves what of the navigation is open and what is locked, and that what is
// locked leads to a page in person.
async function sections(page, username, expected) {
  await signedIn(page, acme, username);
  const entries = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts();
  const names = entries.map((e) => e.replace(/\s+/g, ' ').trim());
  expect(names.filter((n) => !n.includes('('))).toEqual(expected.open);
  expect(names.filter((n) => n.includes('(')).map((n) => n.replace(/ ?\(.*/, ''))).toEqual(expected.locked);
  for (const name of expected.locked.slice(0, 2)) {
    await page.goto(`${acme}/`);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}`) }).click();
    await expect(page.getByRole('main')).toContainText('Harbour Lane Coffee Pty Ltd');
    await expect(page.getByRole('main')).toContainText('Dana Whitfield');
    for (const open of expected.open) await expect(page.getByRole('main').getByRole('link', { name: open, exact: true })).toBeVisible();
  }
  await picture(page, `denied-${username}`);
}

test('one person in two accounts: an invitation is accepted with the sign-in that there is, and accounts are switched', async ({ page }) => {
  const first = await owner(page, 'First Hand Ltd', 'first');
  const second = await customer('Second Hand Ltd');
  await colleague(second, 'guest', { firstName: 'Robin', grants: ['ViewInvoices'] });
  await api('acme', 'POST', `contacts/${second.account}-guest/create-mail`);
  const events = await allEvents('acme', 'contact.invited', second.account);
  const type = events.length ? 'contact.invited' : 'portal.credentialCreate';
  await page.goto(acme + (await lastLink('acme', type, second.account)));
  await page.getByRole('main').getByRole('button').click();
  await page.getByRole('link', { name: 'Use my sign-in' }).click();
  await picture(page, 'invitation-join');
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.goto(`${acme}/accounts`);
  await expect(page.getByRole('main')).toContainText('First Hand Ltd');
  await expect(page.getByRole('main')).toContainText('Second Hand Ltd');
  await picture(page, 'accounts');
  await page.getByRole('button', { name: /Open/ }).first().click();
  await expect(page.getByRole('contentinfo')).toContainText('Ltd');
  await api('acme', 'DELETE', `contacts/${second.account}-guest/user`); // unlinked by one account
  await signedIn(page, acme, first.username, first.password);
  await expect(page.getByRole('contentinfo')).toContainText('First Hand Ltd');
});

test('handing over: the new owner decides, the old one is an ordinary contact', async ({ page, browser }) => {
  const who = await owner(page, 'Handing Over Ltd', 'handing');
  await colleague(who, 'nora', { lastName: 'Next' });
  await settings(page);
  await toggle(page, 'nora');
  await expect(row(page, 'nora')).toContainText('Invited');
  const nora = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  await setUp(nora, await lastLink('acme', 'contact.invited', who.account), `nora-${who.account}`);
  await page.goto(`${acme}/portal-settings/owner`);
  await picture(page, 'owner');
  const choice = page.getByRole('radio').first();
  if (await choice.count()) await choice.check();
  await page.getByRole('button', { name: 'Continue' }).click();
  await picture(page, 'owner-confirm');
  await page.getByRole('button', { name: 'Hand over the account' }).click();
  await expect(row(page, 'nora')).toContainText('Owner');
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).owner || false).toBe(false);
});

test('the primary address changes by its holder only, and the one before is told', async ({ page }) => {
  const who = await owner(page, 'Primary Ltd', 'primary');
  await page.goto(`${acme}/preferences/email`);
  await fill(page, 'New email address', `new@${who.account}.example`);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByRole('main')).toContainText('is to be confirmed');
  await picture(page, 'email-pending');
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).email).toBe(who.email);
  await page.goto(acme + (await lastLink('acme', 'contact.verifyEmail', who.account)));
  await picture(page, 'email-verify');
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  expect((await api('acme', 'GET', `contacts/${who.contact}`)).email).toBe(`new@${who.account}.example`);
  expect((await allEvents('acme', 'portal.credentialsChanged', who.account)).length).toBeGreaterThan(0);
});
