/** `npm run token`: what the API token needs, and what it lacks. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

let stage: OperatorStage;

beforeAll(async () => {
  stage = await openOperatorStage();
});

afterAll(() => stage?.close());

test("before the first `up` only the right to make a tunnel is not known; nothing is written", async () => {
  const calls = stage.api.journal.length;
  const { code, text } = await stage.npmRun("token");
  expect([code, text]).toEqual([
    2,
    expect.stringContaining("Not known of the present token:\n  Cloudflare Tunnel: Edit"),
  ]);
  expect(text).toContain(`&accountId=${stage.api.accountId}&zoneId=${stage.api.zoneId}&name=causeway%20dev`);
  expect(text).not.toContain(stage.apiToken);
  const refused = stage.api.journal.slice(calls).filter(({ method, dryRun }) => method !== "GET" && !dryRun);
  expect(refused.map(({ method, path, status }) => [method, path.split("/").at(-1), status])).toEqual([
    ["POST", "dns_records", 400],
  ]);
});

test("after it, the token has all that it needs, as JSON too", async () => {
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
  const { code, text } = await stage.npmRun("token", "--format", "json");
  expect(code).toBe(0);
  const { token, permissions } = JSON.parse(text);
  expect(token).toEqual({ state: "accepted" });
  expect(permissions.map(({ name, state }: { name: string; state: string }) => `${name}: ${state}`).sort()).toEqual(
    PERMISSIONS.map((name) => `${name}: has`).sort(),
  );
});

test("zone settings and a hostname two labels below need more, which the token lacks", async () => {
  const set = (...args: string[]) => stage.workspace.run("config", "set", "--stack", "dev", ...args);
  await set("--path", "zoneSettings.ssl", "strict");
  await set("--path", "hostnames[1]", "chat.eu.example.com");
  const { code, text } = await stage.npmRun("token");
  expect(code).toBe(1);
  expect(text).toMatch(/lacks:\n {2}Zone Settings: Edit: .*\n {2}SSL and Certificates: Read: /);
  await stage.workspace.run("config", "rm", "--stack", "dev", "--path", "hostnames[1]");
  await stage.workspace.run("config", "rm", "--stack", "dev", "zoneSettings");
});

test("a token that may not see the zone, one that is refused, and none", async () => {
  await stage.setApiToken(stage.api.issueToken(["DNS Write"]));
  expect(await stage.npmRun("token")).toMatchObject({
    code: 1,
    text: expect.stringContaining("lacks:\n  Zone: Read:"),
  });
  await stage.setApiToken("x".repeat(40));
  const refused = await stage.npmRun("token");
  expect(refused).toMatchObject({ code: 1, text: expect.stringContaining("does not accept the API token") });
  await stage.workspace.run("config", "rm", "cloudflare:apiToken", "--stack", "dev");
  const none = await stage.npmRun("token");
  expect(none).toMatchObject({ code: 1, text: expect.stringContaining("There is no API token yet") });
  expect(none.text).toContain("&accountId=*&zoneId=all&");
});

test("what cannot be found out is 2, with the reason", async () => {
  await stage.setApiToken(stage.apiToken);
  stage.api.faults.next({ path: /tokens\/verify/ }, { status: 500 }, 2);
  const { code, text } = await stage.npmRun("token");
  expect([code, text]).toEqual([2, expect.stringContaining("The present token: Cloudflare responded with 500")]);
  await stage.workspace.run("config", "rm", "zone", "--stack", "dev");
  expect(await stage.npmRun("token")).toMatchObject({ code: 2, text: expect.stringContaining("causeway:zone") });
});
