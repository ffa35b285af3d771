// The README's commands with curl, unchanged, against the whole kit: edge, tunnel, connector, gateway.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { section } from "../../docs/markdown.ts";
import { forget, newDataDir, openTestSite, type TestSite } from "../../journeys/test-site.ts";

const SITE = "http://chat.causeway.localhost:8080";

/** The first block of commands below a heading that contains a text. */
function block(heading: string, contains: string): string {
  const blocks = [...section("README.md", heading).matchAll(/^```sh\n(.*?)^```$/gms)].map(
    ([, commands = ""]) => commands,
  );
  const found = blocks.find((commands) => commands.includes(contains));
  if (!found) throw new Error(`README.md has no commands with ${contains} below "${heading}"`);
  return found;
}

let dataDir: string;
let testSite: TestSite;
beforeAll(async () => {
  dataDir = newDataDir();
  testSite = await openTestSite(dataDir);
});
afterAll(async () => {
  await testSite.kit.stop();
  forget(dataDir);
});

/** What commands print, at the address that this kit has. */
async function outputOf(commands: string): Promise<string> {
  expect(commands).toContain(SITE);
  const { stdout } = await promisify(execFile)("sh", ["-ec", commands.replaceAll(SITE, testSite.kit.chat)]);
  return stdout;
}

test("D9: the README's commands register, sign in, and use a bearer token with curl", async () => {
  const [registered, profile = ""] = (await outputOf(block("### Use the API", "Bearer"))).split("\n");
  expect(registered).toBe("200");
  expect(JSON.parse(profile)).toMatchObject({ name: "Eva", email: "eva@example.org" });
});

test("D9: the request of the README that a scanner would make is blocked with the rule that it names", async () => {
  expect(await outputOf(block("## Try it", "wp-login"))).toMatch(/^HTTP\/1\.1 403 /);
  expect(testSite.records.at(-1)).toMatchObject({ status: 403 });
  expect(JSON.stringify(testSite.records.at(-1))).toContain("scanner_paths");
});

test("D9: of the README's 30 guesses the gateway and the edge refuse those that are too many", async () => {
  const statuses = (await outputOf(block("## Try it", "seq 30"))).trim().split("\n");
  expect(statuses).toHaveLength(30);
  expect(statuses[0]).toBe("401");
  expect(statuses).toContain("429");
});

test("D9: the header of the README makes a visitor for one request", async () => {
  const curl = block("### See a rule on a country at work", "Local-Visitor")
    .split("\n")
    .filter((line) => /^curl/.test(line));
  expect(await outputOf(curl.join("\n"))).toMatch(/^HTTP\/1\.1 200 /);
});
