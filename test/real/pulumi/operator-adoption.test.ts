/**
 * What is not the stack's own, through the operator's commands: what was taken over, and what is in the state of
 * another stack.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage } from "./operator-stage.ts";

let stage: OperatorStage;

beforeAll(async () => {
  stage = await openOperatorStage();
});

afterAll(() => stage?.close());

const FIREWALL = "http_request_firewall_custom";
const refs = () => {
  const zone = stage.api.cloud.zoneOf("chat.example.com");
  return zone?.rulesets.find(({ phase }) => phase === FIREWALL)?.rules.map(({ ref }) => ref);
};
const up = () => stage.npmRun("up", "--yes", "--skip-preview");
const lineIn = (text: string) => /causeway:adopt: (\{.*\})/.exec(text)?.[1] ?? "";

test("O12: without its line, what was taken over stays as it is, and the message has the line", async () => {
  const zone_id = stage.api.zoneId;
  const theirs = { ref: "theirs", expression: "ssl", action: "managed_challenge" } as const;
  const ruleset = { kind: "zone", name: "by hand", phase: FIREWALL } as const;
  await stage.cloudflare.rulesets.create({ zone_id, ...ruleset, rules: [theirs] });
  const record = { type: "CNAME", name: "chat.example.com", content: "old.example.net", ttl: 1 } as const;
  await stage.cloudflare.dns.records.create({ zone_id, ...record });
  const adopt = lineIn((await up()).text);
  await stage.workspace.run("config", "set", "adopt", adopt, "--stack", "dev");
  expect(await up()).toMatchObject({ code: 0 });
  const adopted = refs();
  expect(adopted?.[0]).toBe("theirs");

  await stage.workspace.run("config", "rm", "adopt", "--stack", "dev");
  const calls = stage.api.journal.length;
  const { code, text } = await up();
  expect([code, text]).toEqual([1, expect.stringMatching(/adoption_removed.*\n(?:.*\n)*.*adoption_removed/)]);
  expect([stage.writesSince(calls), refs()]).toEqual([[], adopted]);
  await stage.workspace.run("config", "set", "adopt", lineIn(text), "--stack", "dev");
  expect(await stage.npmRun("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
});

test("O5: a state that has the resources of another stack changes nothing of that stack", async () => {
  const exported = await stage.workspace.run("stack", "export", "--stack", "dev");
  const file = join(stage.workspace.dir, "dev.json");
  writeFileSync(file, exported.text);
  await stage.workspace.run("stack", "init", "two");
  const imported = await stage.workspace.run("stack", "import", "--force", "--file", file, "--stack", "two");
  expect(imported.code).toBe(0);
  for (const [key = "", ...value] of [
    ["zone", "example.com"],
    ["hostnames", '["two.example.com"]'],
    ["cloudflare:baseUrl", stage.api.url],
  ]) {
    await stage.workspace.run("config", "set", key, ...value, "--stack", "two");
  }
  await stage.workspace.setSecret("cloudflare:apiToken", stage.apiToken, "--stack", "two");
  const calls = stage.api.journal.length;
  for (const name of ["rotate", "down", "up"]) {
    const { code, text } = await stage.npmRun(name, ...(name === "rotate" ? [] : ["--yes"]), "--stack", "two");
    expect([code, text]).toEqual([1, expect.stringMatching(/state of two has a resource of another stack/)]);
  }
  expect(stage.writesSince(calls)).toEqual([]);
});

test("O2: with an empty state, `down` does not delete the live site of another state of the same stack", async () => {
  await stage.startForeignConnector(readFileSync(stage.tokenFile, "utf8").trim());
  stage.env = { ...stage.env, PULUMI_BACKEND_URL: `file://${stage.workspace.dir}/elsewhere` };
  mkdirSync(join(stage.workspace.dir, "elsewhere"));
  const pulumi = stage.env.PULUMI_BIN ?? "pulumi";
  execFileSync(pulumi, ["stack", "init", "dev"], { cwd: stage.workspace.dir, env: stage.env, stdio: "ignore" });
  await stage.workspace.setSecret("cloudflare:apiToken", stage.apiToken, "--stack", "dev");
  const calls = stage.api.journal.length;
  const { code, text } = await stage.npmRun("down", "--yes");
  expect([code, text]).toEqual([
    1,
    expect.stringMatching(/has connectors and is not in the state: another state of dev/),
  ]);
  expect(stage.writesSince(calls)).toEqual([]);
});
