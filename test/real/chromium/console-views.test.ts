/** The views of the console, with what requests, rules, deployments and mails fill them with. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import { type OpenConsole, openConsole } from "../../infra/local/console/open-console.ts";
import { startRecordedSite } from "../../infra/local/console/recorded-site.ts";
import { HOST, type TestSite } from "../../infra/local/edge/test-site.ts";
import { barriers } from "./barriers.ts";
import { DESKTOP, PHONE, startBrowser, type TestBrowser } from "./browser.ts";
import { seen, visitConsole } from "./console-visit.ts";

const MARKUP = '</script><img src=x onerror="document.title=1">';
const LIMIT = { characteristics: ["ip.src", "cf.colo.id"], period: 10, requests_per_period: 2, mitigation_timeout: 10 };

let outbox: string;
let site: TestSite;
let opened: OpenConsole;
let browser: TestBrowser;
beforeAll(async () => {
  const started = await startRecordedSite(
    (_request, response) => void response.end(`{"text":${JSON.stringify(MARKUP)}}`),
  );
  const { recorder } = started;
  site = started.site;
  outbox = mkdtempSync(join(tmpdir(), "causeway-outbox-"));
  const mail = `From: Causeway <a@b.example>\nTo: <c@d.example>\nSubject: ${MARKUP}\nDate: today\n\nA ${"long ".repeat(60)}${MARKUP}`;
  writeFileSync(join(outbox, "2026.eml"), mail);
  const { edge, api } = site;
  opened = await openConsole({
    ...{ recorder, cloud: api.cloud, hostname: HOST, edge, outbox },
    visitors: async () => ({ ordinary: {} }),
  });
  await site.deploy("http_request_firewall_custom", [
    { ref: "no_admin", action: "block", expression: 'http.request.uri.path eq "/admin" and ssl', description: MARKUP },
    { ref: "never", action: "block", expression: `http.request.uri.path eq "${"/long".repeat(40)}"` },
  ]);
  await site.deploy("http_ratelimit", [
    { ref: "often", action: "block", expression: 'http.request.uri.path eq "/often"', ratelimit: LIMIT },
  ]);
  for (const path of [
    "/",
    "/admin",
    "/often",
    "/often",
    "/often",
    `/${"long/".repeat(60)}?text=${encodeURIComponent(MARKUP)}`,
  ])
    await site.get(path, { headers: { "x-text": MARKUP } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await opened.close();
  await site.close();
  rmSync(outbox, { recursive: true });
});

const press = (page: Page, name: string) => page.locator(`::-p-aria([name="${name}"][role="button"])`).click();

test.each([
  ["desktop", DESKTOP, "light"],
  ["desktop", DESKTOP, "dark"],
  ["phone", PHONE, "light"],
  ["phone", PHONE, "dark"],
] as const)(
  "D3: on a %s (%j, %s) each view of the console fits, has no barrier that axe-core knows, and shows text as text",
  async (...given) => {
    const [device, view, scheme] = given;
    const { page, complaints } = await visitConsole(browser, opened, view, scheme);
    const look = async (name: string) => {
      const folder = process.env.CAUSEWAY_SCREENSHOTS;
      if (folder !== undefined)
        await page.screenshot({ path: `${folder}/${name}-${device}-${scheme}.png`, fullPage: true });
      expect([name, await page.evaluate("document.documentElement.scrollWidth <= innerWidth")]).toEqual([name, true]);
      expect([name, await barriers(page)]).toEqual([name, []]);
    };
    await seen(page, "block: no_admin");
    await look("requests");
    await press(page, "Rules");
    await seen(page, "Counters of rate limits");
    await seen(page, "2 in 10 s");
    await look("rules");
    await press(page, "Deployments");
    await seen(page, "no_admin: new");
    await look("deployments");
    await press(page, "Connectors");
    await seen(page, "No connector is connected");
    await look("connectors");
    await press(page, "Mails");
    await seen(page, "c@d.example");
    await look("mails");
    expect(await page.title()).toBe("Causeway console");
    expect(complaints).toEqual([]);
  },
);

test("by keyboard: filters, pause, opening a request and going back", async () => {
  const { page, complaints } = await visitConsole(browser, opened);
  await seen(page, "block: no_admin");
  const rows = () => page.$$eval("tbody tr", (all) => all.length);
  expect(await rows()).toBe(6);
  await page.focus("input[name=rule]");
  await page.keyboard.type("no_admin");
  await page.keyboard.press("Enter");
  await page.waitForFunction("document.querySelectorAll('tbody tr').length === 1");
  await page.focus("button[aria-pressed]");
  await page.keyboard.press("Space");
  await page.locator("button[aria-pressed=true]").wait();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await seen(page, "Headers as they came");
  await press(page, "Back to the list");
  await seen(page, "Path");
  expect(complaints).toEqual([]);
});
