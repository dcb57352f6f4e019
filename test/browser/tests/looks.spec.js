// Every route in every look: no finding of axe (WCAG 2.2 AA), nothing that scrolls
// sideways, nothing refused by the content security policy.
import AxeBuilder from '@axe-core/playwright';
import { test, expect } from '@playwright/test';
import { acme, nordlicht, picture, signedIn } from './people.js';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const visits = [
  { who: null, origin: acme, routes: ['/sign-in'] },
  { who: 'dana', origin: acme, routes: ['/', '/invoices', '/activity', '/no-such-page'] },
  { who: 'sam', origin: acme, routes: ['/', '/activity'] },
  { who: 'june', origin: acme, routes: ['/', '/activity'] },
  { who: 'lena', origin: nordlicht, routes: ['/', '/invoices', '/activity'] },
];

const looks = [
  { name: 'wide-light', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'wide-dark', width: 1280, height: 900, colorScheme: 'dark' },
  { name: 'narrow-light', width: 320, height: 720, colorScheme: 'light' },
  { name: 'narrow-dark', width: 320, height: 720, colorScheme: 'dark' },
];

for (const look of looks) {
  test(`every route, ${look.name}`, async ({ browser }) => {
    test.setTimeout(180_000);
    for (const visit of visits) {
      const context = await browser.newContext({
        ignoreHTTPSErrors: true,
        viewport: { width: look.width, height: look.height },
        colorScheme: look.colorScheme,
      });
      const page = await context.newPage();
      const refused = [];
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) refused.push(message.text());
      });
      if (visit.who) await signedIn(page, visit.origin, visit.who);
      for (const route of visit.routes) {
        await page.goto(visit.origin + route);
        const found = await new AxeBuilder({ page }).withTags(tags).analyze();
        const where = `${visit.who || 'a visitor'} at ${route}, ${look.name}`;
        expect(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(', ')}`), where).toEqual([]);
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(sideways, `${where} scrolls sideways`).toBeLessThanOrEqual(0);
        await picture(page, `${look.name}-${visit.who || 'visitor'}${route.replaceAll('/', '-')}`);
      }
      expect(refused, 'refused by the content security policy').toEqual([]);
      await context.close();
    }
  });
}

test('without JavaScript everything works', async ({ browser }) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  await signedIn(page, acme, 'dana');
  await page.goto(`${acme}/invoices`);
  await expect(page.getByRole('table')).toBeVisible();
  await page.getByRole('button', { name: /sign out/i }).click();
  await expect(page.getByRole('button', { name: /sign in/i })).toBeVisible();
  await context.close();
});
