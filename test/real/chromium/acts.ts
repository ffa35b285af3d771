import type { Page } from "puppeteer-core";

/** What people do in the page, and what is waited for in it. */

export const PASSWORD = "correct horse battery";

export const emailOf = (name: string) => `${name.toLowerCase()}@example.org`;

/** Makes an account in a page that is there already, and waits until the chat is. */
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

export const online = (page: Page) => page.waitForSelector("#chat:not([hidden]) #status[data-state=online]");
export const texts = (page: Page) => page.$$eval(".message .text", (all) => all.map((one) => one.textContent));

export async function say(page: Page, text: string): Promise<void> {
  await page.locator("#text").fill(text);
  await page.focus("#text");
  await page.keyboard.press("Enter");
}

/** Waits until an expression holds in the page. It is text: the page's types are not the tests'. */
export const until = (page: Page, expression: string) => page.waitForFunction(expression);
export const focus = (page: Page) => page.evaluate("document.activeElement.id");
/** Waits until an element has text that contains this. */
export const reads = (page: Page, selector: string, text: string) =>
  until(
    page,
    `[...document.querySelectorAll(${JSON.stringify(selector)})].some((one) => one.checkVisibility() && one.textContent.includes(${JSON.stringify(text)}))`,
  );
export const shows = (page: Page, text: string) =>
  until(
    page,
    `[...document.querySelectorAll(".message .text")].some((one) => one.textContent === ${JSON.stringify(text)})`,
  );
/** Chooses the first visible button, within a selector, whose text contains this. */
export async function press(page: Page, within: string, text: string): Promise<void> {
  await reads(page, `${within} button`, text);
  await page.evaluate(
    `[...document.querySelectorAll(${JSON.stringify(`${within} button`)})].find((one) => one.checkVisibility() && one.textContent.includes(${JSON.stringify(text)})).click()`,
  );
}
