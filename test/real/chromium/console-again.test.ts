/** A recorded request in the console: sent again, judged, made an example. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "puppeteer-core";
import type { Recorder } from "../../../infra/local/console/index.ts";
import { VISITORS } from "../../../infra/policy/visitors.ts";
import { exampleWriter } from "../../../scripts/policy-examples/example-writer.ts";
import { type OpenConsole, openConsole } from "../../infra/local/console/open-console.ts";
import { startRecordedSite } from "../../infra/local/console/recorded-site.ts";
import { HOST, type TestSite } from "../../infra/local/edge/test-site.ts";
import { barriers } from "./barriers.ts";
import { DESKTOP, PHONE, startBrowser, type TestBrowser } from "./browser.ts";
import { seen, visitConsole } from "./console-visit.ts";

const FILE = "infra/policy/custom-rules/no-admin.ts";
const RULE = `import type { PolicyRule } from "../rule.ts";

export const noAdmin: PolicyRule = {
  ref: "no_admin",
  description: "Block /admin",
  when: 'http.request.uri.path eq "/admin"',
  action: "block",
  examples: { match: ["POST /admin"], pass: ["GET /"] },
};
`;

let project: string;
let site: TestSite;
let recorder: Recorder;
let opened: OpenConsole;
let browser: TestBrowser;
let now = Date.now();
beforeAll(async () => {
  ({ recorder, site } = await startRecordedSite());
  const { edge, api } = site;
  const visitors = async () => VISITORS;
  project = mkdtempSync(join(tmpdir(), "causeway-console-page-"));
  mkdirSync(dirname(join(project, FILE)), { recursive: true });
  mkdirSync(join(project, "infra/policy/stories"));
  cpSync(resolve(import.meta.dirname, "../../../biome.json"), join(project, "biome.json"));
  writeFileSync(join(project, FILE), RULE);
  const examples = exampleWriter(project);
  opened = await openConsole({
    recorder,
    cloud: api.cloud,
    hostname: HOST,
    edge,
    visitors,
    examples,
    clock: () => now,
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await opened.close();
  await site.close();
  rmSync(project, { recursive: true });
});

/** A browser in which the console is open. */
const visit = (view = DESKTOP, scheme: "light" | "dark" = "light") => visitConsole(browser, opened, view, scheme);

const blockPath = (path: string) => [
  { ref: "no_admin", action: "block" as const, expression: `http.request.uri.path eq "${path}"` },
];

const press = (page: Page, name: string) => page.locator(`::-p-aria([name="${name}"])`).click();

test("a request is judged by the rules before and after an edit, and sent again", async () => {
  await site.deploy("http_request_firewall_custom", blockPath("/old"));
  await site.get("/admin?token=abcdef123456", { headers: { authorization: "Bearer abcdef123456" } });
  now += 60_000;
  await site.deploy("http_request_firewall_custom", blockPath("/admin"));
  const { page, complaints } = await visit();
  await seen(page, "/admin");
  await page.locator("tbody button").click();
  await seen(page, "Headers as they came");
  await press(page, "Send or judge it again");
  await seen(page, "Secrets are not recorded");
  expect(await page.$$eval("li", (items) => items.map(({ textContent }) => textContent))).toEqual([
    "target: token",
    "header: authorization",
  ]);
  await press(page, "Judge without sending");
  await seen(page, "no_admin is changed");
  const side = (name: string) =>
    page.$eval(`::-p-aria([name="${name}"][role="region"])`, (section) => section.textContent);
  expect(await side("Present rules")).toMatch(/block by no_admin, status 403.*http\.request\.uri\.path is "\/admin"/s);
  const former = await page.$eval(".sides > section:last-child", (section) => section.textContent);
  expect(former).toMatch(/Before the edit of \d\d:\d\d:\d\d.*pass.*no_admin block: no match/s);
  await press(page, "Send again");
  await seen(page, "The edge responded 403");
  await press(page, "Open the new request");
  await seen(page, "Sent again from the console");
  await press(page, "Back to the list");
  await page.locator("small.again").wait();
  expect(await page.$$eval("tbody tr", (rows) => rows.map((row) => row.textContent))).toHaveLength(2);
  expect(complaints).toEqual([]);
});

test("a request is copied as commands, and downloaded", async () => {
  const { page, complaints } = await visit();
  await page.browserContext().overridePermissions(opened.origin, ["clipboard-read", "clipboard-sanitized-write"]);
  await page.bringToFront();
  await page.locator("tbody button").click();
  await press(page, "Copy it");
  await press(page, "Copy as curl");
  const status = () => page.$eval("[role=status]", (one) => one.textContent);
  await page.waitForFunction('document.querySelector("[role=status]").textContent !== ""');
  expect(await status()).toBe("Copied.");
  const copied = await page.evaluate("navigator.clipboard.readText()");
  expect(copied).toMatch(
    /^curl --globoff --path-as-is 'http:\/\/chat\.causeway\.localhost:\d+\/admin\?token=\[secret\]'/,
  );
  await press(page, "Copy as one-line request");
  await page.waitForFunction(`navigator.clipboard.readText().then((text) => text.includes("rules -- explain"))`);
  const har = await page.evaluate(`fetch(document.querySelector("a[download]").href).then((file) => file.json())`);
  expect(har).toMatchObject({ log: { version: "1.2", entries: [{ request: { method: "GET" } }] } });
  expect(complaints).toEqual([]);
});

test("a request becomes an example of the rule: the change is shown, and then in the file; by keyboard", async () => {
  const { page, complaints } = await visit();
  await page.locator("tbody button").click();
  const summary = await page.locator("::-p-xpath(//summary[text()='Make it an example'])").waitHandle();
  await summary.focus();
  await page.keyboard.press("Enter");
  await seen(page, "must match it");
  for (let at = 0; at < 4; at += 1) await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Show the change");
  await page.keyboard.press("Enter");
  await seen(page, `The change of ${FILE}`);
  expect(await page.$eval("pre .added", (line) => line.textContent)).toBe(
    '+  examples: { match: ["POST /admin", "GET /admin?token=secret"], pass: ["GET /"] },\n',
  );
  expect(readFileSync(join(project, FILE), "utf8")).toBe(RULE);
  await press(page, "Write it into the file");
  await seen(page, `Written into ${FILE}`);
  expect(readFileSync(join(project, FILE), "utf8")).toBe(
    RULE.replace('["POST /admin"]', '["POST /admin", "GET /admin?token=secret"]'),
  );
  expect(complaints).toEqual([]);
});

test("the forms fit a phone, have no barrier that axe-core knows, and are looked at", async () => {
  for (const [view, scheme] of [
    [DESKTOP, "light"],
    [PHONE, "dark"],
  ] as const) {
    const { page } = await visit(view, scheme);
    await page.locator("tbody button").click();
    await press(page, "Send or judge it again");
    await press(page, "Judge without sending");
    await seen(page, "Present rules");
    await press(page, "Copy it");
    await seen(page, "Copy as curl");
    await press(page, "Make it an example");
    await page.locator("::-p-xpath(//label[starts-with(., 'The rule')]/select)").fill("pass");
    await press(page, "Show the change");
    await seen(page, "This example fails");
    await seen(page, "Write it into the file");
    const folder = process.env.CAUSEWAY_SCREENSHOTS;
    if (folder !== undefined) await page.screenshot({ path: `${folder}/again-${scheme}.png`, fullPage: true });
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(await barriers(page)).toEqual([]);
  }
});
