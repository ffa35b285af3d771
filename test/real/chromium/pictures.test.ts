import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { online, reads, register } from "./acts.ts";
import { PHONE, type TestBrowser } from "./browser.ts";
import { type PageSite, startPageSite } from "./page-site.ts";
import { choosePicture, hasPicture, squarePng } from "./picture-acts.ts";

let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4400);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

test("a user sets a picture, has it after a reload, and removes it", async () => {
  const { page, complaints } = await browser.visitor();
  await register(page, site.origin, "Ada");
  await page.locator("#account-open").click();
  await choosePicture(page, site.folder, "orange.png", squarePng());
  await reads(page, "#picture-done", "Your picture is changed.");
  await hasPicture(page, "#own-avatar");
  await page.reload();
  await online(page);
  await page.locator("#account-open").click();
  await hasPicture(page, "#own-avatar");
  await page.locator("#picture-remove").click();
  await reads(page, "#picture-done", "Your picture is removed.");
  expect(await page.$eval("#own-avatar", (one) => one.textContent)).toBe("A");
  expect(complaints).toEqual([]);
});

test("a file that is no picture, or too large, is refused in words", async () => {
  const { page } = await browser.visitor(PHONE);
  await register(page, site.origin, "Cora");
  await page.locator("#account-open").click();
  await choosePicture(page, site.folder, "script.png", Buffer.from("<svg onload='alert(1)'/>"));
  await reads(page, "#picture-problem", "send a PNG, a JPEG or a WebP file");
  await choosePicture(page, site.folder, "large.png", Buffer.alloc(300 * 1024));
  await reads(page, "#picture-problem", "This file has 300 KiB");
  expect(await page.$eval("#own-avatar", (one) => one.textContent)).toBe("C");
});
