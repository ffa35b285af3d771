/** `drift`, the table of `up`, and what stands between a stack and the truth about it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

let stage: OperatorStage;

beforeAll(async () => {
  stage = await openOperatorStage();
});

afterAll(() => stage?.close());

const up = () => stage.npmRun("up", "--yes", "--skip-preview");
const zone = () => {
  const found = stage.api.cloud.zoneOf("chat.example.com");
  if (found === undefined) throw new Error("there is no zone");
  return found;
};
const firewall = () => zone().rulesets.find(({ phase }) => phase === "http_request_firewall_custom");

test("O7: what is not deployed is no success", async () => {
  const { code, text } = await stage.npmRun("drift");
  expect([code, text]).toEqual([1, expect.stringContaining("Nothing of dev is deployed")]);
  for (const args of [["--preview-only"], []]) {
    const down = await stage.npmRun("down", ...args);
    expect([down.code, down.text]).toEqual([0, expect.stringContaining("there is nothing to delete")]);
  }
  expect(await up()).toMatchObject({ code: 0 });
  expect(await stage.npmRun("drift")).toEqual({ code: 0, text: expect.stringMatching(/^No drift/m) });
});

test("O5: without a terminal and --yes, `up` changes nothing; on one, it asks without a preview too", async () => {
  const calls = stage.api.journal.length;
  const { code, text } = await stage.npmRun("up", "--skip-preview");
  expect([code, text]).toEqual([1, expect.stringMatching(/^up: this is not a terminal.*--yes.*Nothing was done/)]);
  const asked = await stage.onTerminal("up", /Type dev to deploy/, "no\r", "--skip-preview");
  expect([asked.code, asked.text]).toEqual([1, expect.stringContaining('"dev" was not typed; nothing was done')]);
  expect(stage.writesSince(calls)).toEqual([]);
});

test("O11: rules are named: added by hand, deleted, changed; `up --yes` says what it removes, and goes on", async () => {
  const [record] = zone().records;
  const ruleset = firewall();
  const [first, second] = ruleset?.rules ?? [];
  const zone_id = stage.api.zoneId;
  const ruleset_id = ruleset?.id ?? "";
  await stage.cloudflare.dns.records.edit(record?.id ?? "", {
    zone_id,
    type: "CNAME",
    name: "chat.example.com",
    content: record?.content ?? "",
    proxied: false,
    ttl: 300,
  });
  await stage.cloudflare.rulesets.rules.delete(first?.id ?? "", { zone_id, ruleset_id });
  await stage.cloudflare.rulesets.rules.edit(second?.id ?? "", {
    zone_id,
    ruleset_id,
    ref: second?.ref ?? "",
    action: "block",
    expression: `${second?.expression} and ip.src ne 192.0.2.7`,
    description: second?.description ?? "",
  });
  await stage.cloudflare.rulesets.rules.create(ruleset_id, {
    zone_id,
    action: "block",
    expression: 'http.user_agent contains "bad"',
    description: "added at night",
  });
  const { code, text } = await stage.npmRun("drift");
  expect(code).toBe(1);
  expect(text).toMatch(/^chat\.example\.com +ttl +1 +300$/m);
  expect(text).toMatch(new RegExp(`^http_request_firewall_custom +rule ${first?.ref} +"block: .*\\(deleted\\)$`, "m"));
  expect(text).toMatch(
    new RegExp(`^http_request_firewall_custom +rule ${second?.ref}: expression .*192\\.0\\.2\\.7`, "m"),
  );
  expect(text).toMatch(
    /^http_request_firewall_custom +rule [0-9a-f]{32} \("added at night"\) +\(none\) +"block: http\.user_agent/m,
  );
  expect(text.match(/^http_request_firewall_custom/gm)).toHaveLength(3);

  const byOthers = /rule [0-9a-f]{32} \("added at night"\) in http_request_firewall_custom {2}block: http\.user_agent/;
  const preview = await stage.npmRun("preview");
  expect([preview.code, preview.text]).toEqual([0, expect.stringMatching(/^chat\.example\.com +ttl +1 +300$/m)]);
  expect(preview.text).toMatch(new RegExp(`Made by others, and removed by .*\\n {2}${byOthers.source}`));
  const down = await stage.npmRun("down", "--preview-only");
  expect([down.code, down.text]).toEqual([
    0,
    expect.stringMatching(
      new RegExp(`Made by others in these rulesets, and deleted with them:\\n {2}${byOthers.source}`),
    ),
  ]);

  const repaired = await up();
  expect(repaired.code).toBe(0);
  expect(repaired.text).toMatch(
    /Made by others, and removed by `up` .*\n {2}rule [0-9a-f]{32} \("added at night"\) in /,
  );
  expect(firewall()?.rules.map(({ ref }) => ref)).toEqual(ruleset?.rules.map(({ ref }) => ref));
});

test("O5: no at the prompt changes nothing, in the state and at Cloudflare", async () => {
  const calls = stage.api.journal.length;
  const exported = () => stage.workspace.run("stack", "export", "--stack", "dev");
  const before = JSON.parse((await exported()).text).deployment.resources;
  await stage.cloudflare.zeroTrust.tunnels.cloudflared.delete(zone().records[0]?.content.split(".")[0] ?? "", {
    account_id: stage.api.accountId,
  });
  const { code, text } = await stage.onTerminal("up", /Type yes to make a new tunnel: /, "no\r");
  expect([code, text]).toEqual([1, expect.stringContaining("nothing was done")]);
  expect(JSON.parse((await exported()).text).deployment.resources).toEqual(before);
  expect(stage.writesSince(calls)).toEqual(["DELETE cfd_tunnel/ID"]);
  const drift = await stage.npmRun("drift");
  expect([drift.code, drift.text]).toEqual([1, expect.stringMatching(/^tunnel +resource +"there" +\(deleted\)$/m)]);
  expect(await up()).toMatchObject({ code: 0, text: expect.stringContaining("was deleted elsewhere") });
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
});

test("O7: a locked stack, and a run that was stopped in the middle, are told", async () => {
  const unlock = stage.lock();
  const locked = await stage.npmRun("drift");
  unlock();
  expect([locked.code, locked.text]).toEqual([2, expect.stringMatching(/locked by ada on elsewhere.*pulumi cancel/)]);

  const file = join(stage.workspace.dir, "state/.pulumi/stacks/causeway/dev.json");
  const whole = readFileSync(file, "utf8");
  const state = JSON.parse(whole);
  const { resources } = state.checkpoint.latest;
  const record = resources.findIndex(({ urn }: { urn: string }) => urn.endsWith("::chat.example.com"));
  const guard = resources.findIndex(({ urn }: { urn: string }) => urn.endsWith("::guard"));
  state.checkpoint.latest.pending_operations = [{ resource: { ...resources[record], id: "" }, type: "creating" }];
  state.checkpoint.latest.resources = resources.filter((_: unknown, at: number) => at !== record && at !== guard);
  writeFileSync(file, JSON.stringify(state));
  const half = await stage.npmRun("drift");
  writeFileSync(file, whole);
  expect(half.code).toBe(1);
  expect(half.text).toContain("Half deployed, because a run was stopped in the middle: creating chat.example.com.");
  expect(half.text).toContain("Not deployed: chat.example.com.");
});

test("O1: with a replaced token, and the old one revoked, preview, drift and up work", async () => {
  await stage.setApiToken(stage.api.issueToken(PERMISSIONS));
  stage.api.revokeToken(stage.apiToken);
  expect(await stage.npmRun("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
  expect(await up()).toMatchObject({ code: 0 });
});

test("O1: a drift that fails prints diagnostics and no JSON, and names no permission for a wrong token", async () => {
  await stage.setApiToken("x".repeat(40));
  const { code, text } = await stage.npmRun("drift");
  expect([code, text]).toEqual([2, expect.stringMatching(/does not accept the API token|API token is wrong/)]);
  expect(text).not.toMatch(/[{}]|permission/);
  expect(text.split("\n").length).toBeLessThan(10);
});

test("O17: for a token that may read tunnels only, what it lacks is reported, without a stack", async () => {
  await stage.setApiToken(stage.api.issueToken(["Cloudflare Tunnel Read"]));
  for (const command of ["preview", "up", "drift"]) {
    const { code, text } = await stage.npmRun(command, ...(command === "up" ? ["--yes"] : []));
    expect([command, code === 0, text]).toEqual([command, false, expect.stringMatching(/permission|Zone Read/)]);
    expect(text).not.toMatch(/^ {4}at /m);
  }
});
