import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { driftOf } from "../../../scripts/stack-drift/drift.ts";
import { driftTable } from "../../../scripts/stack-drift/drift-table.ts";
import { parseEvents } from "../../../scripts/stack-drift/engine-events.ts";

/**
 * Recorded with the real provider: the record was unproxied, `min_tls_version` lowered, and the rule plain_http
 * deleted.
 */
const recorded = readFileSync(new URL("./corpus/real-drift-events.ndjson", import.meta.url), "utf8");

type Rule = Readonly<Record<string, unknown>>;

const RULESET = "cloudflare:index/ruleset:Ruleset";

function event(op: string, type: string, name: string, old: object | undefined, now: object | undefined): string {
  const urn = `urn:pulumi:dev::causeway::causeway:index:X$${type}::${name}`;
  const stateOf = (inputs: object | undefined) =>
    inputs && { custom: true, inputs, outputs: { ...inputs, lastUpdated: "changes" } };
  return JSON.stringify({ resOutputsEvent: { metadata: { op, urn, type, old: stateOf(old), new: stateOf(now) } } });
}

/** The drift of one ruleset from these rules to those. */
function rulesDrift(before: readonly Rule[], now: readonly Rule[]) {
  const ruleset = (rules: readonly Rule[]) => ({ name: "rules", phase: "http_request_firewall_custom", rules });
  return driftOf(parseEvents(event("refresh", RULESET, "firewall", ruleset(before), ruleset(now)))).drifts;
}

const rule = (ref: string, more: Rule = {}): Rule => ({ ref, action: "block", expression: `${ref} is here`, ...more });

describe("P1: the event stream of the real provider", () => {
  const { drifts } = driftOf(parseEvents(recorded));

  test("a record, a setting and a rule are named, with what was deployed and what is there now", () => {
    expect(drifts).toEqual([
      { resource: "min_tls_version", path: "value", deployed: "1.2", now: "1.0" },
      { resource: "st.example.com", path: "proxied", deployed: true, now: false },
      {
        resource: "http_request_firewall_custom",
        path: "rule plain_http",
        deployed: expect.stringMatching(/^block: .*ssl/),
        now: undefined,
      },
    ]);
  });

  test("the table has one line for each", () => {
    const table = driftTable(drifts);
    expect(table).toMatch(/^min_tls_version +value +"1\.2" +"1\.0"$/m);
    expect(table).toMatch(/^st\.example\.com +proxied +true +false$/m);
    expect(table).toMatch(/^http_request_firewall_custom +rule plain_http +"block: .* +\(deleted\)$/m);
    expect(table.split("\n")).toHaveLength(4);
  });
});

describe("O11: rules are compared by their ref", () => {
  test("a rule that was deleted is named, and the others are not", () => {
    expect(rulesDrift([rule("a"), rule("b"), rule("c")], [rule("a"), rule("c")])).toEqual([
      { resource: "firewall", path: "rule b", deployed: "block: b is here", now: undefined },
    ]);
  });

  test("a rule that was added by hand is named by its description, as made by others", () => {
    const byHand = rule("0123456789abcdef0123456789abcdef", { description: "by hand" });
    expect(rulesDrift([rule("a")], [byHand, rule("a")])).toEqual([
      {
        resource: "firewall",
        path: 'rule 0123456789abcdef0123456789abcdef ("by hand")',
        deployed: undefined,
        now: "block: 0123456789abcdef0123456789abcdef is here",
        isForeign: true,
      },
    ]);
  });

  test("a changed rule is named with the path of the value", () => {
    const parameters = (status: number) => ({ actionParameters: { response: { statusCode: status } } });
    expect(rulesDrift([rule("a", parameters(403))], [rule("a", parameters(404))])).toEqual([
      { resource: "firewall", path: "rule a: actionParameters.response.statusCode", deployed: 403, now: 404 },
    ]);
  });

  test("another order is one line", () => {
    expect(rulesDrift([rule("a"), rule("b"), rule("c")], [rule("c"), rule("a"), rule("b")])).toEqual([
      { resource: "firewall", path: "order of the rules", deployed: ["a", "b", "c"], now: ["c", "a", "b"] },
    ]);
  });

  test("long values that differ at their end do not look the same in the table", () => {
    const long = "x".repeat(500);
    const table = driftTable(
      rulesDrift([rule("a", { expression: `${long} one` })], [rule("a", { expression: `${long} two` })]),
    );
    expect(table).toMatch(/one" +\.\.\..*two"$/m);
  });
});

test("P5: inputs that the state lacks after an import are no drift where Cloudflare responds the same as before", () => {
  const lines = recorded.split("\n").filter((line) => line.includes("http_request_cache_settings"));
  const cache = JSON.parse(lines.at(-1) ?? "");
  const { metadata } = cache.resOutputsEvent;
  expect(metadata.old.inputs.rules[0].actionParameters).toEqual({ cache: false });
  delete metadata.old.inputs.rules[0].actionParameters;
  metadata.op = "update";
  expect(driftOf(parseEvents(JSON.stringify(cache))).drifts).toEqual([]);
  metadata.new.outputs.rules[0].actionParameters = { cache: true };
  metadata.new.inputs.rules[0].actionParameters = { cache: true };
  expect(driftOf(parseEvents(JSON.stringify(cache))).drifts).toHaveLength(1);
});

test("O7: what is in the program and not in the state counts as not deployed; what the program changes as pending", () => {
  const record = "cloudflare:index/dnsRecord:DnsRecord";
  const lines = [
    event("refresh", record, "gone.example.com", { ttl: 1 }, undefined),
    event("refresh", record, "here.example.com", { ttl: 1 }, { ttl: 1 }),
    event("create", record, "gone.example.com", undefined, { ttl: 1 }),
    event("create", record, "new.example.com", undefined, { ttl: 1 }),
    event("import", record, "taken.example.com", undefined, { ttl: 1 }),
    event("update", record, "here.example.com", { ttl: 1 }, { ttl: 300 }),
    '{"summaryEvent":{"result":"succeeded"}}',
  ];
  const events = parseEvents(lines.join("\n"));
  expect(events.hasSucceeded).toBe(true);
  expect(driftOf(events)).toEqual({
    drifts: [{ resource: "gone.example.com", path: "", deployed: "there", now: undefined }],
    notDeployed: ["new.example.com", "taken.example.com"],
    pending: ["here.example.com"],
  });
});

test("a rotated service token is no drift, unlike another change of it", () => {
  const type = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken";
  const rotated = { duration: "24h", clientSecretVersion: 2, previousClientSecretExpiresAt: "2026-12-03T00:00:00Z" };
  const { drifts } = driftOf(parseEvents(event("refresh", type, "access:token:ci", { duration: "8760h" }, rotated)));
  expect(drifts).toEqual([{ resource: "access:token:ci", path: "duration", deployed: "8760h", now: "24h" }]);
});

test("a tunnel that was deleted elsewhere is still read, and counts as deleted", () => {
  const type = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
  const read = JSON.parse(event("refresh", type, "tunnel", { name: "t" }, { name: "t" }));
  expect(driftOf(parseEvents(JSON.stringify(read))).drifts).toEqual([]);
  read.resOutputsEvent.metadata.new.outputs.deletedAt = "2026-11-29T10:00:00Z";
  expect(driftOf(parseEvents(JSON.stringify(read))).drifts).toEqual([
    { resource: "tunnel", path: "", deployed: "there", now: undefined },
  ]);
});

test("a run that failed says why, and does not count as a success", () => {
  const events = parseEvents(
    [
      "warning: a line of the CLI that is no JSON",
      '{"diagnosticEvent":{"severity":"debug","message":"token abc"}}',
      '{"diagnosticEvent":{"severity":"error","message":"Nothing was created: one thing stands in the way.\\n"}}',
      '{"summaryEvent":{"result":"failed"}}',
    ].join("\n"),
  );
  expect([events.errors, events.hasSucceeded]).toEqual([["Nothing was created: one thing stands in the way."], false]);
});

test("characters that control a terminal are not shown", () => {
  const table = driftTable([{ resource: "a", path: "rule \u001b[2J", deployed: "\u202e\u0007", now: "\u2028" }]);
  for (const character of ["\u001b", "\u202e", "\u0007", "\u2028"]) expect(table).not.toContain(character);
});
