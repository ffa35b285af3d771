import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { build } from "esbuild";
import type { Page } from "puppeteer-core";
import * as rules from "../../../infra/rules/index.ts";
import { request } from "../../infra/rules/request.ts";
import { startBrowser, type TestBrowser } from "./browser.ts";

type Rules = typeof rules;

let browser: TestBrowser;
let page: Page;
let complaints: readonly string[];

beforeAll(async () => {
  // As a page would load it: one script without modules, and nothing of Node in reach.
  const { outputFiles } = await build({
    entryPoints: ["infra/rules/index.ts"],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "rules",
    platform: "browser",
    target: "es2023",
  });
  browser = await startBrowser();
  const visitor = await browser.visitor();
  ({ page, complaints } = visitor);
  await page.addScriptTag({ content: outputFiles[0]?.text ?? "" });
});

afterAll(() => browser?.close());

/** Runs the same function on the language here and on the one in the page, and returns both results. */
async function both<A, R>(
  ask: (language: Rules, argument: A) => R,
  argument: A,
): Promise<{ readonly here: R; readonly there: R }> {
  const there = await page.evaluate(`(${ask})(rules, ${JSON.stringify(argument)})`);
  return { here: ask(rules, argument), there: there as R };
}

test.each([
  ['lower(http.host) eq "chat.example.com" and http.request.uri.path eq "/api/auth/login"', true],
  ["ip.src in {2001:db8::/32} and not ip.src in {0.0.0.0/0}", true],
  ['http.user_agent matches r"(?i)^CURL/\\d+$" and http.request.uri.path matches "^(/[a-z]+)+$"', true],
  ['http.request.uri.path matches r"(?u)\\p{Greek}"', false],
  ['any(http.request.cookies["theme"][*] wildcard "d*k") and len(http.request.uri.args["next"]) eq 1', true],
  ['http.request.headers["x-none"][0] ne "a"', false],
])("Chromium and Node agree on %s", async (expression, expected) => {
  const { here, there } = await both(
    (language, asked: { expression: string; request: rules.RequestFacts }) => {
      const compiled = language.compile(asked.expression);
      if (!compiled.ok) return compiled.diagnostics.map((one) => language.render(one, asked.expression));
      const fields = language.requestFields(asked.request);
      return { matches: compiled.matches(fields), why: compiled.read(fields).why };
    },
    { expression, request },
  );
  expect(here).toMatchObject({ matches: expected });
  expect(there).toEqual(here);
});

test("a mistake has the same message in the browser", async () => {
  const { here, there } = await both((language, text: string) => {
    const parsed = language.compile(text);
    return parsed.ok ? [] : parsed.diagnostics.map((one) => language.render(one, text));
  }, 'http.hots eq "é" or (ssl');
  expect(here).toHaveLength(2);
  expect(there).toEqual(here);
});

test("a policy gets the same verdict and the same findings there", async () => {
  const policy: readonly rules.Rule[] = [
    { ref: "login", expression: 'http.request.uri.path eq "/api/auth/login"', action: "block" },
    { ref: "later", expression: 'http.request.method eq "post"', action: "block" },
  ];
  const { here, there } = await both(
    (language, asked: { policy: readonly rules.Rule[]; request: rules.RequestFacts }) => {
      const phase = "http_request_firewall_custom" as const;
      const ruleset = { id: "one", name: "one", kind: "zone" as const, phase, rules: asked.policy };
      const { outcome, by, response } = language
        .createEngine({ plan: "enterprise", zone: [ruleset] })
        .handle(asked.request);
      const findings = language.lint({ plan: "enterprise", rulesets: [ruleset] });
      return { outcome, by: by?.ref, why: by?.why, response, report: language.textReport(findings) };
    },
    { policy, request },
  );
  expect(here).toMatchObject({ outcome: "block", by: "login", response: { status: 403 } });
  expect(here.report).toContain("method-case");
  expect(there).toEqual(here);
});

test("the page had nothing to complain about", () => {
  expect(complaints).toEqual([]);
});
