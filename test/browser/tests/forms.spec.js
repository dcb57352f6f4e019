// What people should not send, and sometimes do: every form keeps their words, marks the
// field and says what helps; what others send in their name is refused.
import { test, expect } from '@playwright/test';
import { colleague, customer } from '../lib/customer.js';
import { withSignIn } from '../lib/signin.js';
import { api, post } from '../lib/world.js';
import { acme, field, fill, picture, signedIn } from './people.js';

const main = (page) => page.getByRole('main');
const press = (page, name) => main(page).getByRole('button', { name }).first().click();

// refused: the field is marked, its words are those of the person, and the summary leads to it.
async function refused(page, label, text) {
  const at = field(page, label);
  await expect(at, label).toHaveAttribute('aria-invalid', 'true');
  await expect(at, label).toHaveValue(text);
  const problem = await at.getAttribute('aria-describedby');
  await expect(page.locator(`#${problem.split(' ').at(-1)}`), label).not.toBeEmpty();
  await main(page).getByRole('alert').locator(`a[href="#${await at.getAttribute('id')}"]`).click();
  await expect(at, label).toBeFocused();
}

// unchecked has the browser send whatever is in a form, as one does that checks nothing.
const unchecked = (page) =>
  main(page).evaluate((at) => {
    for (const form of at.querySelectorAll('form')) form.noValidate = true;
    for (const one of at.querySelectorAll('[maxlength]')) one.removeAttribute('maxlength');
  });

// owner is signed in as the owner of an account that has a colleague.
async function owner(page, company, name) {
  const who = await withSignIn(page, await customer(company), name);
  const paul = await colleague(who, 'paul', { lastName: 'Weber' });
  await signedIn(page, acme, who.username, who.password);
  return { ...who, paul: paul.contact };
}

// The fields of texts: where, what they are called, how much fits, and the button.
const fields = (who) => [
  ['/profile', 'Address', 500, 'Save changes'],
  ['/profile', 'Telephone', 40, 'Save changes'],
  ['/profile', 'Tax number', 40, 'Save changes'],
  ['/preferences', 'First name', 100, 'Save changes'],
  ['/preferences', 'Last name', 100, 'Save changes'],
  ['/preferences/email', 'New email address', 254, 'Send the link'],
  ['/portal-settings/contacts/new', 'First name', 100, 'Save contact'],
  ['/portal-settings/contacts/new', 'Email', 254, 'Save contact'],
  [`/portal-settings/contacts/${who.paul}`, 'Last name', 100, 'Save contact'],
  [`/portal-settings/contacts/${who.paul}`, 'Telephone', 40, 'Save contact'],
  ['/requests/new', 'Subject', 150, 'Send the request'],
  ['/requests/new', 'What do you need?', 5000, 'Send the request'],
  ['/orders/review?product=phone&quantity=1', 'Comment', 2000, 'Place the order'],
  ['/security/username', 'New username', 254, 'Save username'],
];

for (const [what, make] of [['too long', (most) => 'x'.repeat(most + 1)], ['with a control character', () => 'one\u0007two']]) {
  test(`a text that is ${what} is marked and kept, in every form`, async ({ page }) => {
    const who = await owner(page, 'Texts Ltd', `texts-${what.length}`);
    for (const [path, label, most, button] of fields(who)) {
      await page.goto(acme + path);
      await unchecked(page);
      const text = make(most);
      await fill(page, label, text);
      await press(page, button);
      await test.step(`${path}: ${label}`, () => refused(page, label, text));
    }
    await picture(page, `refused-${what.replaceAll(' ', '-')}`);
  });
}

test('what is needed and missing is said, and nothing else is lost', async ({ page }) => {
  await owner(page, 'Missing Ltd', 'missing');
  await page.goto(`${acme}/requests/new`);
  await fill(page, 'What do you need?', 'One more socket.');
  await press(page, 'Send the request');
  await expect(field(page, 'What do you need?')).toHaveValue('One more socket.');
  await refused(page, 'Subject', '');
  await page.goto(`${acme}/portal-settings/contacts/new`);
  await fill(page, 'Last name', 'Ångström');
  await main(page).getByRole('radio', { name: 'Billing department' }).check();
  await press(page, 'Save contact');
  await expect(field(page, 'Last name')).toHaveValue('Ångström');
  await expect(main(page).getByRole('radio', { name: 'Billing department' })).toBeChecked();
  await refused(page, 'Email', '');
  await page.goto(`${acme}/security/password`);
  await fill(page, 'Current password', 'not the password');
  await fill(page, 'New password', 'short');
  await fill(page, 'New password once more', 'other');
  await press(page, 'Save password');
  await expect(main(page).getByRole('alert')).toBeVisible();
  await expect(field(page, 'New password'), 'a password is not sent back').toHaveValue('');
});

test('quantities: what is no whole number is marked and kept', async ({ page }) => {
  await owner(page, 'Quantities Ltd', 'quantities');
  for (const text of ['-1', '1.5', 'ten', '0x1']) {
    await page.goto(`${acme}/orders/new`);
    await fill(page, 'Quantity of Desk telephone', text);
    await press(page, 'Review order');
    await refused(page, 'Quantity of Desk telephone', text);
  }
});

test('any script, both directions and emoji are people’s own words', async ({ page }) => {
  const who = await owner(page, 'Scripts Ltd', 'scripts');
  const subject = 'مرحبا שלום 👋🏽 ½ <b>&amp;';
  const text = 'السطر الأول\n二行目 👩‍🔧\nÅse Žižek';
  await page.goto(`${acme}/requests/new`);
  await fill(page, 'Subject', subject);
  await fill(page, 'What do you need?', text);
  await press(page, 'Send the request');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(subject);
  await picture(page, 'scripts');
  const [request] = (await api('acme', 'GET', `requests?accountId=${who.account}`)).items;
  expect(request).toMatchObject({ subject, text });
  await page.goto(`${acme}/portal-settings/contacts/${who.paul}`);
  await fill(page, 'First name', 'שרה');
  await press(page, 'Save contact');
  await expect(page.getByRole('row').filter({ hasText: 'שרה' })).toHaveCount(1);
});

test('the sign-in form: too long, control characters, emoji', async ({ page }) => {
  for (const [login, kept = login] of [['x'.repeat(300), ''], ['x'.repeat(254)], ['da\u0007na'], ['دانا 👋']]) {
    await page.goto(`${acme}/sign-in`);
    await unchecked(page);
    await fill(page, 'Username or email', login);
    await fill(page, 'Password', 'not the password');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByLabel('Username or email')).toHaveValue(kept); // what can be nobody's is not kept
  }
});

test('a form that is sent after the sign-out changes nothing and leads to the sign-in', async ({ page }) => {
  const who = await owner(page, 'Late Ltd', 'late');
  await page.goto(`${acme}/profile`);
  await fill(page, 'Telephone', '+61 2 5550 0001');
  const other = await page.context().newPage();
  await other.goto(`${acme}/`);
  await other.locator('.person summary').click();
  await other.getByRole('button', { name: 'Sign out' }).click();
  await expect(other).toHaveURL(/\/sign-in/);
  await press(page, 'Save changes');
  await expect(page).toHaveURL(/\/sign-in/);
  expect((await api('acme', 'GET', `accounts/${who.account}`)).phone || '').toBe('');
});

for (const site of ['https://evil.example', 'https://evil.acme.localhost']) {
  test(`a page of ${site} cannot send a form of ours`, async ({ page }) => {
    const who = await owner(page, 'Across Ltd', `across-${site.length}`);
    const account = await api('acme', 'GET', `accounts/${who.account}`);
    await page.route(`${site}/**`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${acme}/profile"><input name="version" value="${account.version}"><input name="phone" value="+61 2 5550 6666"><button>Win</button></form>`,
      }),
    );
    await page.goto(`${site}/`);
    const [answer] = await Promise.all([page.waitForResponse((r) => r.url() === `${acme}/profile`), page.getByRole('button').click()]);
    expect(answer.status()).toBe(403);
    await picture(page, 'cross-site');
    expect((await api('acme', 'GET', `accounts/${who.account}`)).phone || '').toBe('');
    await page.goto(`${acme}/profile`);
    await expect(page.getByRole('heading', { level: 1 }), 'the person is still signed in').toHaveText('Profile');
  });
}

test('cookies that were tampered with open nothing', async ({ page }) => {
  await owner(page, 'Cookies Ltd', 'cookies');
  const [session] = (await page.context().cookies(acme)).filter((c) => c.name === '__Host-foyer');
  const last = session.value.at(-2) === 'A' ? 'B' : 'A';
  for (const value of [session.value.slice(0, -2) + last + session.value.at(-1), session.value.slice(1), 'x', 'x'.repeat(3000), '%00%0d%0a', session.value.toUpperCase()]) {
    await page.context().addCookies([{ ...session, value }]);
    const answer = await page.goto(`${acme}/invoices`);
    expect(answer.status()).toBe(200);
    await expect(page, value.slice(0, 60)).toHaveURL(/\/sign-in/);
  }
  await page.context().addCookies([session]);
  await page.goto(`${acme}/invoices`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Invoices');
});

test('what no form of ours sends is refused, and nothing breaks', async ({ page }) => {
  await owner(page, 'Odd Ltd', 'odd');
  const bodies = ['', '%', '%zz=1', 'a'.repeat(40_000), 'version=x&phone=1', 'product=phone', 'key=x&product=phone&quantity=1', 'quantity=1', 'subject=%00&text=%ff'];
  for (const path of ['/profile', '/preferences', '/orders', '/requests', '/portal-settings/contacts/new', '/security/password', '/security/username', '/preferences/email', '/switch-account', '/confirm', '/portal-settings/owner', '/sessions/end', '/security/passkeys/new', '/forgot', '/set-up', '/sign-in/second-factor']) {
    for (const body of bodies) {
      const answer = await post(page.context(), acme, path, body);
      expect(answer.status, `${path}: ${body.slice(0, 40)}`).toBeLessThan(500);
      expect(answer.body, `${path}: ${body.slice(0, 40)}`).not.toMatch(/goroutine|\.go:\d+/);
    }
  }
});
