import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { reads, register } from "../acts.ts";
import { PHONE, type TestBrowser } from "../browser.ts";
import { type PageSite, startPageSite } from "../page-site.ts";
import { choosePicture, hasPicture, squarePng } from "../picture-acts.ts";
import { say, shows } from "./chat-acts.ts";

let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4450);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

test("a user sets a picture: others see it beside messages and in the list of people", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, site.origin, "Ada");
  await register(bob.page, site.origin, "Bob");
  await ada.page.locator("#account-open").click();
  await choosePicture(ada.page, site.folder, "orange.png", squarePng());
  await reads(ada.page, "#picture-done", "Your picture is changed.");
  await hasPicture(ada.page, "#own-avatar");
  await ada.page.locator("#account button[value=cancel]").click();
  await say(ada.page, "Look at me");
  await say(bob.page, "No picture here");
  await shows(bob.page, "Look at me");
  await hasPicture(bob.page, ".message .avatar");
  await shows(ada.page, "No picture here");
  expect(await ada.page.$eval(".message:not(.own) .avatar", (one) => one.textContent)).toBe("B");
  await bob.page.locator("#members-open").click();
  await hasPicture(bob.page, "#member-list .avatar");
  expect(await bob.page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect([ada.complaints, bob.complaints]).toEqual([[], []]);
});
