// How a person goes through pages without a mouse.

// tabTo presses Tab until what has this name has the focus.
export async function tabTo(page, name) {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate(() => {
      const at = document.activeElement;
      return at?.labels?.[0]?.innerText || at?.getAttribute('aria-label') || at?.innerText || '';
    });
    if (name.test(text.replace(/\s+/g, ' ').trim())) return;
  }
  throw new Error(`${name} cannot be reached by keyboard`);
}

// enter goes to what has this name and presses Enter; the answer is another page.
export async function enter(page, name) {
  await tabTo(page, name);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

// type writes into the field with this name.
export async function type(page, name, text) {
  await tabTo(page, name);
  await page.keyboard.type(text);
}
