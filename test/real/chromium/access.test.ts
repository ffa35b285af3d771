/** The login page of the imitated Access in a browser: its policy of content, its cookies and its redirects. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { AccessSite } from "../../infra/local/access/access-site.ts";
import { HOST } from "../../infra/local/edge/test-site.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";

let on: AccessSite;
let browser: TestBrowser;
beforeAll(async () => {
  [on, browser] = await Promise.all([AccessSite.build(), startBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await on.close();
});

test("a person chooses an address and comes back to the page, signs out, and is asked again", async () => {
  const include = [{ email_domain: { domain: "example.com" } }, { email: { email: "ada@example.org" } }];
  await on.app(`${HOST}/admin`, [{ decision: "allow", include }]);
  const { page, complaints } = await browser.visitor();
  await page.goto(`http://${on.authority}/admin/users?page=2`);
  expect(new URL(page.url()).hostname).toBe("causeway.cloudflareaccess.localhost");
  await page.type("#email", "mallory@example.net");
  await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
  expect(await page.$eval("[role=alert]", (alert) => alert.textContent)).toContain("mallory@example.net may not");
  await Promise.all([page.waitForNavigation(), page.click("button[name=choice]")]);
  expect(page.url()).toBe(`http://${on.authority}/admin/users?page=2`);
  expect(await page.evaluate("document.body.textContent")).toContain("cf-access-jwt-assertion");
  // no script of the page reads the session
  expect(await page.evaluate("document.cookie")).toBe("");

  await page.goto(`http://${on.authority}/cdn-cgi/access/logout`);
  await page.goto(`http://${on.authority}/admin`);
  expect(new URL(page.url()).hostname).toBe("causeway.cloudflareaccess.localhost");
  expect(complaints).toEqual([]);
});
