import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { PNG_SIGNATURE, pngChunk, pngHeader } from "../../backend/users/picture-samples.ts";
import { online, reads, register, say, shows, until } from "./acts.ts";
import { PHONE, type TestBrowser } from "./browser.ts";
import { type PageSite, startPageSite } from "./page-site.ts";

let site: PageSite;
let browser: TestBrowser;
beforeAll(async () => {
  site = await startPageSite(4400);
  browser = site.browser;
});
afterEach(() => browser.leave());
afterAll(() => site.stop());

/** A file with an orange square, as a PNG of 8 by 8 pixels. */
function pictureFile(): string {
  const row = Buffer.concat([Buffer.from([0]), Buffer.from("e8b04b".repeat(8), "hex")]);
  const pixels = pngChunk("IDAT", deflateSync(Buffer.concat(Array.from({ length: 8 }, () => row))));
  return file("orange.png", Buffer.concat([PNG_SIGNATURE, pngHeader(8, 8), pixels, pngChunk("IEND")]));
}

function file(name: string, contents: Buffer): string {
  const path = join(site.folder, name);
  writeFileSync(path, contents);
  return path;
}

async function choose(page: Page, path: string): Promise<void> {
  const input = await page.waitForSelector("input#picture-file:not(:disabled)");
  await input?.uploadFile(path);
}

/** Waits until an avatar has a picture that the browser could read. */
const hasPicture = (page: Page, selector: string) =>
  until(page, `document.querySelector(${JSON.stringify(`${selector} img`)})?.naturalWidth === 8`);

test("a user sets a picture: others see it beside messages and in the list of people, and it can be removed", async () => {
  const [ada, bob] = [await browser.visitor(), await browser.visitor(PHONE, "dark")];
  await register(ada.page, site.origin, "Ada");
  await register(bob.page, site.origin, "Bob");
  await ada.page.locator("#account-open").click();
  await choose(ada.page, pictureFile());
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
  // the page has the picture after a reload too, and its owner removes it
  await ada.page.reload();
  await online(ada.page);
  await ada.page.locator("#account-open").click();
  await hasPicture(ada.page, "#own-avatar");
  await ada.page.locator("#picture-remove").click();
  await reads(ada.page, "#picture-done", "Your picture is removed.");
  expect(await ada.page.$eval("#own-avatar", (one) => one.textContent)).toBe("A");
  expect([ada.complaints, bob.complaints]).toEqual([[], []]);
});

test("a file that is no picture, or too large, is refused in words", async () => {
  const { page } = await browser.visitor(PHONE);
  await register(page, site.origin, "Cora");
  await page.locator("#account-open").click();
  await choose(page, file("script.png", Buffer.from("<svg onload='alert(1)'/>")));
  await reads(page, "#picture-problem", "send a PNG, a JPEG or a WebP file");
  await choose(page, file("large.png", Buffer.alloc(300 * 1024)));
  await reads(page, "#picture-problem", "This file has 300 KiB");
  expect(await page.$eval("#own-avatar", (one) => one.textContent)).toBe("C");
});
