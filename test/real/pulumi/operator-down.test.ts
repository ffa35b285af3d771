/** `down`, and what stops a plain `pulumi destroy`. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

let stage: OperatorStage;

beforeAll(async () => {
  stage = await openOperatorStage();
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
});

afterAll(() => stage?.close());

const isUp = () => {
  const zone = stage.api.cloud.zoneOf("chat.example.com");
  return [zone?.records.length, zone?.rulesets.length];
};

test("O7: a plain `pulumi destroy --skip-preview` stops before it deletes anything", async () => {
  const calls = stage.api.journal.length;
  const { code, text } = await stage.workspace.run("destroy", "--yes", "--skip-preview", "--stack", "dev");
  expect([code, text]).toEqual([expect.any(Number), expect.stringMatching(/guard.*cannot be deleted/)]);
  expect(code).not.toBe(0);
  expect([stage.writesSince(calls), isUp()]).toEqual([[], [1, 4]]);
});

test("O7: a hostname that was added can be removed again", async () => {
  await stage.workspace.run("config", "set", "--path", "hostnames[1]", "team.example.com", "--stack", "dev");
  const added = await stage.npmRun("up", "--yes", "--skip-preview");
  expect(added).toEqual({
    code: 0,
    text: expect.stringContaining("ORIGINS=https://chat.example.com,https://team.example.com npm run backend"),
  });
  expect([added.text, isUp()]).toEqual([expect.stringContaining("New: team.example.com. Restart the backend"), [2, 4]]);
  await stage.workspace.run("config", "rm", "--path", "hostnames[1]", "--stack", "dev");
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
  expect(isUp()).toEqual([1, 4]);
});

test.each(["refresh", "destroy"])("F3: `pulumi up` with the purpose %s writes and deletes nothing", async (purpose) => {
  const calls = stage.api.journal.length;
  stage.workspace.setEnvironment({ CAUSEWAY_PURPOSE: purpose });
  const { code, text } = await stage.workspace.run("up", "--yes", "--skip-preview", "--stack", "dev");
  stage.workspace.setEnvironment({ CAUSEWAY_PURPOSE: undefined });
  expect([code === 0, text]).toEqual([false, expect.stringMatching(/CAUSEWAY_PURPOSE.*(Take it out|take it out)/s)]);
  expect(stage.writesSince(calls).filter((call) => call.startsWith("DELETE") || purpose === "refresh")).toEqual([]);
  expect(isUp()).toEqual([1, 4]);
});

test("F3: a purpose that was left in the environment does not reach the program of `up`", async () => {
  stage.env = { ...stage.env, CAUSEWAY_PURPOSE: "refresh" };
  const { code, text } = await stage.npmRun("up", "--yes", "--skip-preview");
  stage.env = { ...stage.env, CAUSEWAY_PURPOSE: undefined };
  expect([code, text]).toEqual([0, expect.not.stringContaining("CAUSEWAY_PURPOSE")]);
});

test("O3: an unknown argument is refused, and nothing was stopped or unprotected", async () => {
  const before = readFileSync(stage.tokenFile, "utf8");
  const calls = stage.api.journal.length;
  const { code, text } = await stage.npmRun("down", "--bogus", "--yes");
  expect([code, text]).toEqual([2, expect.stringContaining("--bogus")]);
  expect([stage.writesSince(calls), readFileSync(stage.tokenFile, "utf8")]).toEqual([[], before]);
});

test("O3: --preview-only lists what goes, by kind, name and id, and does nothing", async () => {
  const calls = stage.api.journal.length;
  const { code, text } = await stage.npmRun("down", "--preview-only");
  const record = stage.api.cloud.zoneOf("chat.example.com")?.records[0]?.id;
  expect([code, text]).toEqual([
    0,
    expect.stringMatching(new RegExp(`^  record +chat\\.example\\.com +${record}$`, "m")),
  ]);
  expect(text).toMatch(/^ {2}tunnel +tunnel +[0-9a-f-]{36}$/m);
  expect(text).toMatch(/^ {2}ruleset +http_ratelimit +[0-9a-f]{32}$/m);
  expect(stage.writesSince(calls)).toEqual([]);
  const state = await stage.workspace.run("stack", "export", "--stack", "dev");
  expect(state.text.match(/"protect": true/g)).toHaveLength(2);
});

test("O3: a locked stack is not touched", async () => {
  const calls = stage.api.journal.length;
  const unlock = stage.lock();
  const runs = [await stage.npmRun("down", "--yes"), await stage.npmRun("rotate")];
  unlock();
  const told = { code: 1, text: expect.stringMatching(/locked by ada on elsewhere \(process 7/) };
  expect(runs).toEqual([told, told]);
  expect(stage.writesSince(calls)).toEqual([]);
});

test("O3: a wrong token, or one that may not change the tunnel, stops it before anything is stopped", async () => {
  const calls = stage.api.journal.length;
  await stage.setApiToken("x".repeat(40));
  const wrong = await stage.npmRun("down", "--yes");
  expect([wrong.code, wrong.text]).toEqual([1, expect.stringContaining("The API token is wrong, or was revoked")]);
  expect(wrong.text).not.toMatch(/permission|^ {4}at /m);
  const others = { "DNS Write": "DNS Read", "Cache Settings Write": "Cache Settings Read" } as const;
  for (const [missing, read] of Object.entries({
    ...others,
    "Cloudflare Tunnel Write": "Cloudflare Tunnel Read",
  } as const)) {
    await stage.setApiToken(stage.api.issueToken([...PERMISSIONS.filter((one) => one !== missing), read]));
    const { code, text } = await stage.npmRun("down", "--yes");
    expect([missing, code, text]).toEqual([missing, 1, expect.stringContaining(`"${missing}"`)]);
  }
  await stage.setApiToken(stage.apiToken);
  expect(stage.writesSince(calls).filter((call) => call.startsWith("DELETE"))).toEqual([]);
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
  expect(isUp()).toEqual([1, 4]);
});

test("O4: a destroy that fails in the middle protects what is left and says what to run", async () => {
  stage.api.faults.next({ method: "DELETE", path: /dns_records/ }, { status: 400, code: 81044, message: "not now" }, 5);
  const { code, text } = await stage.npmRun("down", "--yes");
  stage.api.faults.clear();
  expect(code).toBe(1);
  expect(text).toMatch(/Still in its state, and protected again:\n(?: {2}.*\n)* {2}tunnel tunnel$/m);
  expect(text).toMatch(/npm run down -- --stack dev` goes on where it stopped/);
  const state = await stage.workspace.run("stack", "export", "--stack", "dev");
  expect(state.text.match(/"protect": true/g)).toHaveLength(1);
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
  expect(isUp()).toEqual([1, 4]);
});

test("O1, O4: with a replaced token, and a connector that the kit does not know, it takes the site down", async () => {
  await stage.startForeignConnector(readFileSync(stage.tokenFile, "utf8").trim());
  await stage.setApiToken(stage.api.issueToken(PERMISSIONS));
  stage.api.revokeToken(stage.apiToken);
  const calls = stage.api.journal.length;
  const { code, text } = await stage.api.run("down", () => stage.npmRun("down", "--yes"));
  expect([code, text]).toEqual([0, expect.stringMatching(/^Disconnected: connector [0-9a-f-]{36} at 127\.0\.0\.1/m)]);
  const writes = stage.writesSince(calls);
  const at = (call: string) => writes.indexOf(call);
  expect(at("PATCH cfd_tunnel/ID")).toBeLessThan(at("DELETE cfd_tunnel/ID/connections"));
  expect(at("DELETE cfd_tunnel/ID/connections")).toBeLessThan(at("DELETE dns_records/ID"));
  expect(at("DELETE dns_records/ID")).toBeLessThan(at("DELETE cfd_tunnel/ID"));
  expect(isUp()).toEqual([0, 0]);
  expect(existsSync(stage.tokenFile)).toBe(false);
});
