/**
 * Lists of the policy with the real CLI: their owners, the order in which they are made, and what `drift` and `down`
 * print.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { policyWithList } from "../../copy-project.ts";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

let stage: OperatorStage;
beforeAll(async () => {
  stage = await openOperatorStage({
    files: policyWithList(),
    permissions: ["Account Filter Lists Edit"],
    zones: [{ name: "example.org" }],
  });
});
afterAll(() => stage?.close());

const up = () => stage.npmRun("up", "--yes", "--skip-preview");
const listed = async () => (await stage.cloudflare.rules.lists.list({ account_id: stage.api.accountId })).result;
const writes = (from: number) => stage.writesSince(from).filter((call) => call.includes("rule"));

test("A3: without the right for lists `up` says which is missing, and nothing is written", async () => {
  await stage.setApiToken(stage.api.issueToken(PERMISSIONS));
  const { code, text } = await up();
  expect([code, text]).toEqual([1, expect.stringContaining('"Account Filter Lists Edit"')]);
  expect(writes(0)).toEqual([]);
  await stage.setApiToken(stage.apiToken);
});

test("A3: a preview tries the rulesets in dry runs, and a token that only reads may preview", async () => {
  const reads = ["Zone WAF Read", "Dynamic URL Redirects Read", "Cache Settings Read"] as const;
  const others = PERMISSIONS.filter((one) => !reads.some((read) => one === read.replace("Read", "Write")));
  await stage.setApiToken(stage.api.issueToken([...others, ...reads, "Account Filter Lists Read"]));
  const from = stage.api.journal.length;
  const { code, text } = await stage.npmRun("preview");
  expect([code, text]).toEqual([0, expect.stringMatching(/the API token may not write the rules of http_ratelimit/)]);
  expect(stage.api.journal.slice(from).filter(({ dryRun }) => dryRun)).toHaveLength(4);
  expect(writes(from)).toEqual([]);
  const run = await up();
  expect([run.code, run.text]).toEqual([
    1,
    expect.stringContaining("permission: the API token may not write the rules"),
  ]);
  expect(writes(from)).toEqual([]);
  await stage.setApiToken(stage.apiToken);
});

test("A3: `up` makes the list with its items before the rulesets; the dry run has a value in its place", async () => {
  const from = stage.api.journal.length;
  const { code, text } = await up();
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(writes(from)).toEqual(["POST lists", "PUT lists/ID/items", ...new Array(4).fill("POST rulesets")].map(at));
  const dryRun = stage.api.journal
    .slice(from)
    .find(({ dryRun: dry, body }) => dry && JSON.stringify(body).includes("admin_only"));
  expect(JSON.stringify(dryRun?.body)).toContain("not ip.src eq ::");
  expect(await listed()).toMatchObject([
    { name: "office", num_items: 2, description: "causeway causeway/dev example.com: Addresses that may see /admin" },
  ]);
  expect(await stage.npmRun("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
});

/** What `writesSince` calls a path of the account or the zone. */
const at = (call: string): string => call.replace(" lists", " rules/lists");

test("A3: `drift` names items that were added, changed and removed by hand; `up` says what it removes", async () => {
  const [list] = await listed();
  await stage.cloudflare.rules.lists.items.update(list?.id ?? "", {
    account_id: stage.api.accountId,
    body: [
      { ip: "203.0.113.7", comment: "Bob" },
      { ip: "198.51.100.0/24", comment: "by hand" },
    ],
  });
  const drift = await stage.npmRun("drift");
  expect([drift.code, drift.text]).toEqual([
    1,
    expect.stringMatching(
      /^list:office +comment of item 203\.0\.113\.7 +"Ada" +"Bob"\nlist:office +item 2001:db8::\/48 +"" +\(deleted\)\nlist:office +item 198\.51\.100\.0\/24 +\(none\) +"by hand"$/m,
    ),
  ]);
  const from = stage.api.journal.length;
  const { code, text } = await up();
  expect([code, text]).toEqual([0, expect.stringContaining("  item 198.51.100.0/24 in list:office")]);
  expect(writes(from)).toEqual(["PUT rules/lists/ID", "PUT rules/lists/ID/items"]);
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
});

test("A3: a second stack of the account is refused the name, and may share the list", async () => {
  const { workspace } = stage;
  for (const args of [
    ["stack", "init", "two"],
    ["config", "set", "zone", "example.org", "--stack", "two"],
    ["config", "set", "--path", "hostnames[0]", "chat.example.org", "--stack", "two"],
    ["config", "set", "cloudflare:baseUrl", stage.api.url, "--stack", "two"],
  ])
    expect(await workspace.run(...args)).toMatchObject({ code: 0 });
  const set = await workspace.setSecret("cloudflare:apiToken", stage.apiToken, "--stack", "two");
  expect(set).toMatchObject({ code: 0 });
  const from = stage.api.journal.length;
  const refused = await workspace.run("up", "--yes", "--skip-preview", "--stack", "two");
  expect(refused.code).not.toBe(0);
  expect(refused.text).toContain("another_stack: the stack causeway/dev of the zone example.com has a list $office");
  expect(refused.text).toContain('  causeway:sharedLists: ["office"]');
  expect(writes(from)).toEqual([]);
  await workspace.run("config", "set", "sharedLists", '["office"]', "--stack", "two");
  const { code, text } = await workspace.run("up", "--yes", "--skip-preview", "--stack", "two");
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(writes(from)).toEqual(new Array(4).fill("POST rulesets"));
});

test("A3: `down` lists what goes; a list that another stack's rule asks is kept by Cloudflare until that is gone", async () => {
  const shown = await stage.npmRun("down", "--preview-only");
  expect([shown.code, shown.text]).toEqual([0, expect.stringMatching(/^ {2}list +list:office +[0-9a-f]{32}$/m)]);
  const refused = await stage.npmRun("down", "--yes");
  expect([refused.code, refused.text]).toEqual([1, expect.stringContaining("10031")]);
  expect(await listed()).toHaveLength(1);
  const { workspace } = stage;
  const { rulesets } = stage.cloudflare;
  const zone_id = stage.api.cloud.zoneOf("chat.example.org")?.id ?? "";
  for (const { id } of stage.api.cloud.zoneOf("chat.example.org")?.rulesets ?? [])
    await rulesets.delete(id, { zone_id });
  const { code, text } = await stage.npmRun("down", "--yes");
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(await listed()).toEqual([]);
  await workspace.run("stack", "select", "dev");
});

test("A3: a list that a killed run left is found by its mark: `up` takes it back, `down` deletes it", async () => {
  stage.api.faults.next({ method: "PUT", path: /rules\/lists\/\w+\/items/ }, { status: 400 });
  expect((await up()).code).toBe(1);
  expect(await listed()).toMatchObject([{ num_items: 0 }]);
  const down = await stage.npmRun("down", "--preview-only");
  expect(down.text).toMatch(/interrupted run of this stack made it[\s\S]*^ {2}list {2}list:office {2}[0-9a-f]{32}$/m);
  const { code, text } = await up();
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(await listed()).toMatchObject([{ num_items: 2 }]);
});

test("A3: an adopted list keeps its description, and `down` puts its items back", async () => {
  expect(await stage.npmRun("down", "--yes")).toMatchObject({ code: 0 });
  const account_id = stage.api.accountId;
  const { lists } = stage.cloudflare.rules;
  const { id } = await lists.create({ account_id, name: "office", kind: "ip", description: "theirs" });
  await lists.items.update(id, { account_id, body: [{ ip: "203.0.113.7", comment: "theirs" }] });
  const refused = await up();
  expect(refused.text).toContain("list_taken");
  const adopt = { lists: { office: { id, description: "theirs" } }, records: {}, rulesets: {} };
  expect(refused.text).toContain(`  causeway:adopt: ${JSON.stringify(adopt)}`);
  await stage.workspace.run("config", "set", "adopt", JSON.stringify(adopt), "--stack", "dev");
  const { code, text } = await up();
  expect([code, code === 0 ? "" : text]).toEqual([0, ""]);
  expect(await listed()).toMatchObject([{ id, description: "theirs", num_items: 2 }]);
  const down = await stage.npmRun("down", "--yes");
  expect([down.code, down.text]).toEqual([
    0,
    expect.stringContaining("Put back as it was found: list list:office, one item."),
  ]);
  const items = (await lists.items.list(id, { account_id })).result;
  expect(items).toMatchObject([{ ip: "203.0.113.7", comment: "theirs" }]);
});

test("F4: `drift` and `down` work although a file of a rule is broken", async () => {
  expect(await up()).toMatchObject({ code: 0 });
  appendFileSync(join(stage.workspace.dir, "infra/policy/custom-rules/plain-http.ts"), '\nthrow new Error("x");\n');
  const drift = await stage.npmRun("drift");
  expect([drift.code, drift.text]).toEqual([
    0,
    expect.stringMatching(/policy cannot be loaded: infra\/policy\/custom-rules\/plain-http\.ts:\d+: x\n.*No drift/s),
  ]);
  const down = await stage.npmRun("down", "--yes");
  expect([down.code, down.text]).toEqual([0, expect.stringContaining("is down.")]);
});
