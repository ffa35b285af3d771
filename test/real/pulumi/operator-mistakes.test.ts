/** Mistakes of operators, through the real CLI: each gets a message with what to do, before anything is created. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { config, openProject, type Project } from "./project.ts";

let project: Project;

beforeAll(async () => {
  project = await openProject({
    good: config,
    wrongzone: { ...config, "causeway:zone": "elsewhere.example", "causeway:hostnames": ["chat.elsewhere.example"] },
    outside: { ...config, "causeway:hostnames": ["chat.other.example"] },
    second: config,
  });
});

afterAll(() => project?.close());

/** Runs an `up` that must fail, and gives what the operator reads and what reached the API besides reads. */
async function refused(stack: string, environment: Record<string, string | undefined> = {}) {
  const before = project.api.journal.length;
  const usual = { CLOUDFLARE_API_TOKEN: project.api.token, PULUMI_CONFIG_PASSPHRASE: "rehearsal" };
  project.workspace.setEnvironment({ ...usual, ...environment });
  const { code, text } = await project.workspace.run("up", "--yes", "--skip-preview", "--stack", stack);
  project.workspace.setEnvironment(usual);
  const writes = project.api.journal.slice(before).filter(({ method, dryRun }) => method !== "GET" && !dryRun);
  return { failed: code !== 0, text, writes };
}

test.each<[string, string, () => Record<string, string | undefined>, RegExp]>([
  ["no token", "good", () => ({ CLOUDFLARE_API_TOKEN: undefined }), /CLOUDFLARE_API_TOKEN/],
  ["a wrong token", "good", () => ({ CLOUDFLARE_API_TOKEN: "x".repeat(40) }), /does not accept the API token/],
  [
    "a token that may not read records",
    "good",
    () => ({
      CLOUDFLARE_API_TOKEN: project.api.issueToken([
        "Zone Read",
        "Zone WAF Write",
        "Dynamic URL Redirects Write",
        "Cache Settings Write",
        "Cloudflare Tunnel Write",
      ]),
    }),
    /DNS/,
  ],
  ["a zone that is not there", "wrongzone", () => ({}), /sees no zone elsewhere\.example/],
  ["a hostname outside the zone", "outside", () => ({}), /a hostname inside the zone example\.com/],
  ["no passphrase", "good", () => ({ PULUMI_CONFIG_PASSPHRASE: undefined }), /PULUMI_CONFIG_PASSPHRASE/],
])("%s", async (_name, stack, environment, said) => {
  const { failed, text, writes } = await refused(stack, environment());
  expect(text).toMatch(said);
  expect(text).not.toMatch(/unhandled|at file:\/\//i);
  expect([failed, writes]).toEqual([true, []]);
});

test("write rights that are missing are all named before anything is written, and a second run completes", async () => {
  const permissions = [
    "Zone Read",
    "DNS Write",
    "Zone WAF Read",
    "Dynamic URL Redirects Read",
    "Cache Settings Read",
    "Cloudflare Tunnel Write",
  ] as const;
  // in the configuration: an attached provider does not see the CLI's environment
  const reader = project.api.issueToken(permissions);
  await project.workspace.setSecret("cloudflare:apiToken", reader, "--stack", "good");
  const { failed, text, writes } = await refused("good");
  expect([failed, writes]).toEqual([true, []]);
  for (const permission of ["Zone WAF Write", "Dynamic URL Redirects Write", "Cache Settings Write"])
    expect(text).toContain(`the token needs the permission "${permission}"`);
  expect(text).not.toContain(reader);
  await project.workspace.run("config", "rm", "cloudflare:apiToken", "--stack", "good");
  const again = await project.workspace.run("up", "--yes", "--skip-preview", "--stack", "good");
  expect([again.code, again.text]).toEqual([0, expect.stringContaining("created")]);
});

test("a second stack in the same zone", async () => {
  const { failed, text, writes } = await refused("second");
  expect(text).toMatch(/causeway\/good/);
  expect([failed, writes]).toEqual([true, []]);
});
