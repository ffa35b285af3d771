import type { Page } from "puppeteer-core";

/** What users do in the page, and what tests wait for in it. */

export const PASSWORD = "correct horse battery";

export const emailOf = (name: string) => `${name.toLowerCase()}@example.org`;

/** Creates an account in a page that is open, and waits until the user is signed in and connected. */
export async function fillRegistration(page: Page, name: string): Promise<void> {
  await page.locator("#register-name").fill(name);
  await page.locator("#register-email").fill(emailOf(name));
  await page.locator("#register-password").fill(PASSWORD);
  await page.locator("#register button[type=submit]").click();
  await online(page);
}

export async function register(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(`${origin}/`);
  await page.locator("#to-register").click();
  await fillRegistration(page, name);
}

export const online = (page: Page) => page.waitForSelector("#app:not([hidden]) #status[data-state=online]");
/** Waits until an expression holds in the page. It is text: the page's types are not the tests'. */
export const until = (page: Page, expression: string) => page.waitForFunction(expression);
export const focus = (page: Page) => page.evaluate("document.activeElement.id");
/** Waits until an element has text that contains this. */
export const reads = (page: Page, selector: string, text: string) =>
  until(
    page,
    `[...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.checkVisibility() && one.textContent.includes(${JSON.stringify(text)}))`,
  );
/** Chooses the first visible button, within a selector, whose text contains this. */
export async function press(page: Page, within: string, text: string): Promise<void> {
  await reads(page, `${within} button`, text);
  await page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(`${within} button`)})].find((one) => one.checkVisibility() && one.textContent.includes(${JSON.stringify(text)})).click()`,
  );
}
