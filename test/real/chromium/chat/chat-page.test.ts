import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { openStore } from "../../../backend/store/open-store.ts";
import { emailOf, focus, online, reads, register as registerAt, until } from "../acts.ts";
import { PHONE, type TestBrowser } from "../browser.ts";
import { type PageSite, startPageSite } from "../page-site.ts";
import { say, shows, texts } from "./chat-acts.ts";

/**
 * The form to sign in, where it is visible: while a user is signed in, it is not hidden, but the entrance around it is.
 */
const LOGIN = "#entrance:not([hidden]) #login:not([hidden])";
let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4250);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

const register = (page: Page, name: string) => registerAt(page, site.origin, name);

test("two users register and chat live; markup is text; nothing violates the Content-Security-Policy", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, "Ada");
  await register(bob.page, "Bob");
  await say(ada.page, "Hello Bob");
  await shows(bob.page, "Hello Bob");
  const markup = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
  await say(bob.page, markup);
  await shows(ada.page, markup);
  expect(await ada.page.$$(".message img, .message b b")).toEqual([]);
  expect(await texts(bob.page)).toEqual(["Hello Bob", markup]);
  expect(await ada.page.title()).toBe("Causeway");
  expect(ada.complaints).toEqual([]);
  expect(bob.complaints).toEqual([]);
});

test("links in messages open in a tab of their own, and show the host that they lead to", async () => {
  const { page, complaints } = await browser.visitor(PHONE);
  await register(page, "Lin");
  await say(
    page,
    `(${site.origin}/favicon.svg), https://bücher.example/ä, http://good.example@evil.example/ javascript:alert(1)`,
  );
  await until(page, `document.querySelectorAll(".message[data-fate=sent] .text a").length === 2`);
  const links = await page.$$eval(".message .text a", (all) =>
    all.map((one) => [one.textContent, ...["href", "target", "rel"].map((name) => one.getAttribute(name))]),
  );
  const rest = ["_blank", "noopener noreferrer nofollow"];
  expect(links).toEqual([
    [`${site.origin}/favicon.svg`, `${site.origin}/favicon.svg`, ...rest],
    ["https://xn--bcher-kva.example/ä", "https://xn--bcher-kva.example/%C3%A4", ...rest],
  ]);
  const opened = new Promise<Page | null>((resolve) => {
    page.browserContext().once("targetcreated", (target) => void target.page().then(resolve));
  });
  await page.locator(".message .text a").click();
  const tab = await opened;
  expect(await tab?.evaluate("[opener, document.referrer]")).toEqual([null, ""]);
  expect(complaints).toEqual([]);
});

test("a page of which all has been read shows it after a reload, from few requests, and does not scroll itself", async () => {
  const { page } = await browser.visitor(PHONE);
  const asked: string[] = [];
  page.on("response", (response) => {
    const from = response.fromCache() ? "kept" : response.status();
    asked.push(`${new URL(response.url()).pathname} ${from}`);
  });
  const requests = () => asked.splice(0).filter((one) => !one.endsWith(" kept") && !one.startsWith("/api/"));
  await page.goto(`${site.origin}/`);
  await page.waitForSelector(LOGIN);
  expect(requests().sort()).toEqual(["/ 200", "/app.css 200", "/app.js 200", "/favicon.svg 200"]);
  await register(page, "Mona");
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  for (const line of lines) await say(page, line);
  await until(page, `document.querySelectorAll("[data-fate=sent].own").length >= 30`);
  requests();
  await page.reload();
  await online(page);
  await shows(page, "line 29");
  expect(requests()).toEqual(["/ 304"]);
  expect(await page.$eval("#empty", (one) => one.checkVisibility())).toBe(false);
  const size = "const { scrollHeight, scrollWidth } = document.documentElement; return [scrollHeight, scrollWidth]";
  expect(await page.evaluate(`(() => { ${size} })()`)).toEqual([PHONE.height, PHONE.width]);
});

test("without a connection the page shows it, stores what is written and sends it once", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE)];
  await register(ada.page, "Fay");
  await register(bob.page, "Gus");
  await site.restart(async () => {
    await reads(ada.page, "#banner", "What you write is kept");
    expect(await ada.page.$eval("#status", (one) => one.textContent)).toBe("Reconnecting …");
    await say(ada.page, "written while it was gone");
    await ada.page.waitForSelector(".message[data-fate=waiting]");
  });
  await shows(bob.page, "written while it was gone");
  await ada.page.waitForSelector("#banner", { hidden: true });
  await until(ada.page, `document.querySelectorAll("[data-fate=waiting], [data-fate=sending]").length === 0`);
  for (const { page } of [ada, bob]) {
    expect((await texts(page)).filter((text) => text === "written while it was gone")).toHaveLength(1);
  }
});

test("rooms are joined, marked unread, left; the keyboard is enough", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor()];
  await register(ada.page, "Hana");
  await register(bob.page, "Ivo");
  for (const { page } of [ada, bob]) {
    await page.focus("#join-open");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Boats");
    await page.keyboard.press("Enter");
    await until(page, `document.querySelector("#room-name")?.textContent === "boats"`);
    expect(await focus(page)).toBe("text");
  }
  await ada.page.locator("#rooms li:first-child button").click();
  await say(bob.page, "Anybody sailing?");
  await until(ada.page, `document.querySelector(".unread")?.textContent === "1 unread"`);
  expect(await ada.page.title()).toBe("(1) Causeway");
  await ada.page.locator("#rooms li:nth-child(2) button").click();
  await shows(ada.page, "Anybody sailing?");
  await ada.page.waitForSelector(".unread", { hidden: true });
  await ada.page.reload();
  await until(ada.page, `document.querySelectorAll("#rooms li").length === 2`);
  await ada.page.locator("#rooms li:nth-child(2) button").click();
  await ada.page.locator("#leave").click();
  await until(ada.page, `document.querySelectorAll("#rooms li").length === 1`);
});

test("a moderator speaks to everybody; others have no button for it", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE)];
  await register(ada.page, "Jude");
  await register(bob.page, "Kim");
  expect(await ada.page.$eval("#announce-open", (one) => (one as unknown as { hidden: boolean }).hidden)).toBe(true);
  const store = await openStore({ dataDir: site.folder });
  const user = await store.users.findByEmail(emailOf("Jude"));
  await store.users.changeRole(user!.id, "moderator");
  await store.close();
  await ada.page.reload();
  await online(ada.page);
  await ada.page.locator("#announce-open").click();
  await ada.page.locator("#announce-text").fill("The road closes at noon.");
  await ada.page.locator("#announce .primary").click();
  for (const { page } of [ada, bob]) {
    await until(
      page,
      `[...document.querySelectorAll(".announcement .text")].some((one) => one.textContent.includes("noon"))`,
    );
  }
});

test.each([PHONE, { width: 320, height: 568 }, { width: 768, height: 1024 }])(
  "nothing is wider than a screen of %j",
  async (view) => {
    const { page } = await browser.visitor(view);
    const fits = () => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    await page.goto(`${site.origin}/`);
    await page.waitForSelector(LOGIN);
    expect(await fits()).toBe(true);
    await register(page, `Wide${view.width}`);
    await say(page, `word${"w".repeat(300)}`);
    await shows(page, `word${"w".repeat(300)}`);
    expect(await fits()).toBe(true);
    // the field to write in and its button are on the screen
    const bottom = await page.$eval("#composer", (one) => one.getBoundingClientRect().bottom);
    expect(bottom).toBeLessThanOrEqual(view.height);
  },
);
