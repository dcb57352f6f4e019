// German and French: the language of pages, no English that was left, money as it is
// written there. That no text lacks a translation is proven in internal/portal; this is
// what a person sees.
import { test, expect } from '@playwright/test';
import { acme, nordlicht, picture, signedIn } from './people.js';

const pages = {
  '/': null,
  '/invoices': { de: 'Rechnungen', fr: 'Factures' },
  '/payments': { de: 'Zahlungen', fr: 'Paiements' },
  '/services': { de: 'Leistungen', fr: 'Services' },
  '/orders': { de: 'Bestellungen', fr: 'Commandes' },
  '/orders/new': { de: 'Neue Bestellung', fr: 'Nouvelle commande' },
  '/requests/new': { fr: 'Nouvelle demande d’intervention' },
  '/portal-settings': null,
  '/portal-settings/contacts/new': null,
  '/security': null,
  '/preferences': null,
};

const customers = [
  { who: 'lena', origin: nordlicht, language: 'de', money: /\d{1,3}(\.\d{3})*,\d{2}\s€/ },
  { who: 'camille', origin: acme, language: 'fr', money: /\d{1,3}([\s\u202f]\d{3})*,\d{2}\s\$/ },
];

// Words of English that are neither German nor French.
const english = /\b(the|your|you|and|with|what|here|yet|please|their|this|are|of|password|account|accounts|invoices|settings|requests?|changed|changes|show)\b/i;

for (const { who, origin, language, money } of customers) {
  test(`${who} reads everything in ${language}`, async ({ page }) => {
    await signedIn(page, origin, who);
    for (const [path, titles] of Object.entries(pages)) {
      await page.goto(origin + path);
      await expect(page.locator('html'), path).toHaveAttribute('lang', new RegExp(`^${language}`));
      const heading = page.getByRole('heading', { level: 1 });
      if (titles?.[language]) await expect(heading, path).toHaveText(titles[language]);
      expect(left(await words(page)), path).toEqual([]);
    }
    await page.goto(`${origin}/invoices`);
    await expect(page.getByRole('table')).toContainText(money);
    await page.getByRole('table').getByRole('rowheader').first().getByRole('link').click();
    await expect(page.getByRole('article')).toContainText(money);
    await picture(page, `invoice-${language}`);
  });
}

// left are the texts of a page that look English.
const left = (texts) => texts.filter((t) => english.test(t));

// words are the texts that the portal wrote on a page: neither what the provider wrote
// (products and services, in main's tables, and links to addresses) nor what people did.
const words = (page) =>
  page.evaluate(() => {
    const texts = [document.title.split('·')[0]];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.parentElement;
      if (at.closest('td, tbody th, bdi, script, style, [dir="auto"]:not(h1), a[href^="mailto:"]')) continue;
      if (node.data.trim()) texts.push(node.data.trim());
    }
    for (const at of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      for (const name of ['aria-label', 'title', 'placeholder']) if (at.hasAttribute(name)) texts.push(at.getAttribute(name));
    }
    return texts;
  });

for (const [locale, title] of [['de-DE', 'Bei Acme Telecom anmelden'], ['fr-FR', 'Se connecter à Acme Telecom']]) {
  test(`before the sign-in pages are in the language of the browser: ${locale}`, async ({ browser }) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, locale });
    const page = await context.newPage();
    for (const path of ['/sign-in', '/forgot', '/credentials/no-such-link']) {
      await page.goto(acme + path);
      await expect(page.locator('html'), path).toHaveAttribute('lang', locale.slice(0, 2));
      expect(left(await words(page)), path).toEqual([]);
    }
    await page.goto(`${acme}/sign-in`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
    await page.getByLabel(/^(Benutzername|Nom d’utilisateur|Identifiant)/).fill('dana');
    await page.locator('input[type=password]').fill('not the password');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toBeVisible();
    expect(left(await words(page))).toEqual([]);
    await context.close();
  });
}
