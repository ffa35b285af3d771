import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { forget, newDataDir, openTestSite, startConnector, type TestSite } from "../../../journeys/test-site.ts";
import { PHONE, startBrowser, type TestBrowser } from "../browser.ts";

// The whole kit with a browser as its client. The connector is the real cloudflared where this machine has one.
const env = { PATH: process.env.PATH, CLOUDFLARED_BIN: process.env.CLOUDFLARED_BIN };
const PASSWORD = "a long enough secret";
let dataDir: string;
let testSite: TestSite;
let browser: TestBrowser;

beforeAll(async () => {
  dataDir = newDataDir();
  testSite = await openTestSite(dataDir, false, env);
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await testSite.kit.stop();
  forget(dataDir);
});

async function register(page: Page, name: string): Promise<void> {
  await page.goto(`${testSite.kit.chat}/`);
  await page.locator("#to-register").click();
  await page.locator("#register-name").fill(name);
  await page.locator("#register-email").fill(`${name.toLowerCase()}@example.org`);
  await page.locator("#register-password").fill(PASSWORD);
  await page.locator("#register button[type=submit]").click();
  await page.waitForSelector("#app:not([hidden]) #status[data-state=online]");
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator("#text").fill(text);
  await page.focus("#text");
  await page.keyboard.press("Enter");
}

const shows = (page: Page, text: string, timeout = 30_000) =>
  page.waitForFunction(
    `[...document.querySelectorAll(".message .text")].some((one) => one.textContent === ${JSON.stringify(text)})`,
    { timeout },
  );
const texts = (page: Page) => page.$$eval(".message .text", (all) => all.map((one) => one.textContent));

/** Kept where CAUSEWAY_SCREENSHOTS names a folder, to be looked at. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.CAUSEWAY_SCREENSHOTS;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) as `${string}.png` });
}

test("two users chat through edge, rules, tunnel and gateway; a killed connector costs no message", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, "Ada");
  await register(bob.page, "Bob");
  await say(ada.page, "Is the bridge open?");
  await shows(bob.page, "Is the bridge open?");
  await say(bob.page, "Come across.");
  await shows(ada.page, "Come across.");
  await picture(ada.page, "road-desktop");
  await picture(bob.page, "road-phone-dark");

  await testSite.kit.connector.stop();
  await ada.page.waitForSelector("#status:not([data-state=online])");
  await say(ada.page, "Said while nobody could hear");
  await picture(ada.page, "road-offline");
  const connector = await startConnector(testSite.kit, env);
  try {
    await shows(bob.page, "Said while nobody could hear");
    await say(bob.page, "Heard.");
    await shows(ada.page, "Heard.");
    const all = ["Is the bridge open?", "Come across.", "Said while nobody could hear", "Heard."];
    expect(await texts(ada.page)).toEqual(all);
    expect(await texts(bob.page)).toEqual(all);

    const visitor = await browser.visitor();
    const answer = await visitor.page.goto(`${testSite.kit.chat}/wp-login.php`);
    expect(answer?.status()).toBe(403);
    await picture(visitor.page, "road-blocked");

    await visitor.page.goto(`${testSite.kit.chat}/`);
    const attempt = `fetch("/api/auth/login", { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: "nobody@example.org", password: "guess" }) }).then((answer) => answer.status)`;
    const statuses = await visitor.page.evaluate(`Promise.all(Array.from({ length: 30 }, () => ${attempt}))`);
    expect(statuses).toContain(429);
    await visitor.page.locator("#login-email").fill("ada@example.org");
    await visitor.page.locator("#login-password").fill(PASSWORD);
    const answered = visitor.page.waitForResponse((response) => response.url().endsWith("/api/auth/login"));
    await visitor.page.keyboard.press("Enter");
    expect((await answered).status()).toBe(429);
    expect(testSite.records.some(({ verdict }) => verdict?.by?.ref === "credential_rate")).toBe(true);
    await picture(visitor.page, "road-limited");
  } finally {
    await connector.stop();
  }
});
