import { describe, expect, test } from "@jest/globals";
import type { Rule } from "../../../../infra/rules/index.ts";
import { custom, engine, limit, limited, path, request, ruleset, send } from "./deployment.ts";

const bot: Rule = { ref: "bot", expression: "cf.bot_management.score lt 30", action: "block" };

describe("fields that only Cloudflare can compute", () => {
  test("a rule that reads one that nobody gave leaves the outcome undetermined, and names it", () => {
    const verdict = custom(bot).handle(request());
    expect(verdict).toMatchObject({ outcome: "undetermined", undetermined: ["cf.bot_management.score"], events: [] });
    expect(verdict.response).toBeUndefined();
  });

  test("given, it decides", () => {
    const given = (score: number) => request("/", { given: { "cf.bot_management.score": score } });
    expect(custom(bot).handle(given(1)).outcome).toBe("block");
    expect(custom(bot).handle(given(99)).outcome).toBe("pass");
  });

  test("a part that decides without it leaves nothing in doubt", () => {
    const either = custom({ ...bot, expression: `cf.bot_management.score lt 30 or ${path("/x")}` });
    expect(either.handle(request("/x")).outcome).toBe("block");
    expect(either.handle(request("/y")).outcome).toBe("undetermined");
  });

  test("what a later rule decides is told as what happens if the rule in doubt does not match", () => {
    const verdict = custom(bot, { ref: "x", expression: path("/x"), action: "block" }).handle(request("/x"));
    expect(verdict).toMatchObject({ outcome: "undetermined", by: { ref: "x" }, response: { status: 403 } });
  });

  test("rules before the deciding one that cannot end anything leave it determined", () => {
    const verdict = custom({ ...bot, action: "log" }, { ref: "x", expression: path("/x"), action: "block" });
    expect(verdict.handle(request("/x")).outcome).toBe("block");
  });

  test("a rate limit by a characteristic that nobody gave counts nobody", () => {
    const rule = limited(limit({ characteristics: ["cf.colo.id", "cf.unique_visitor_id"] }));
    expect(send(rule, request("/form"))).toMatchObject({
      outcome: "undetermined",
      undetermined: ["cf.unique_visitor_id"],
    });
    expect(send(rule, request("/other")).outcome).toBe("pass");
    const fingerprint = limited(limit({ characteristics: ["cf.colo.id", "cf.bot_management.ja4"] }));
    expect(send(fingerprint, request("/form")).undetermined).toEqual(["cf.bot_management.ja4"]);
    const given = { "cf.bot_management.ja4": "t13d" };
    const outcomes = [0, 1].map((at) => send(fingerprint, request("/form", { at, given })).outcome);
    expect(outcomes).toEqual(["pass", "block"]);
  });

  test("a characteristic that was given with the wrong type is the caller's mistake, not a field in doubt", () => {
    const fingerprint = limited(limit({ characteristics: ["cf.colo.id", "cf.bot_management.ja4"] }));
    const given = { "cf.bot_management.ja4": 4 };
    expect(() => send(fingerprint, request("/form", { given }))).toThrow("cf.bot_management.ja4 is String");
  });

  test("a list that is deployed decides; one that is not leaves the outcome undetermined", () => {
    const zone = [
      ruleset("http_request_firewall_custom", [{ ref: "list", expression: "ip.src in $bad", action: "block" }]),
    ];
    const listed = engine({ zone, lists: { bad: { kind: "ip", items: ["203.0.113.0/24"] } } });
    expect(listed.handle(request()).outcome).toBe("block");
    expect(listed.handle(request("/", { ip: "198.51.100.1" })).outcome).toBe("pass");
    expect(engine({ zone }).handle(request())).toMatchObject({ outcome: "undetermined", undetermined: ["$bad"] });
    expect(() => engine({ zone, lists: { bad: { kind: "ip", items: ["nonsense"] } } })).toThrow("nonsense");
  });

  test("a cache rule in doubt sets nothing", () => {
    const rule: Rule = { ...bot, action: "set_cache_settings", action_parameters: { cache: false } };
    const verdict = engine({ zone: [ruleset("http_request_cache_settings", [rule])] }).handle(request());
    expect(verdict).toMatchObject({ outcome: "pass", settings: {} });
  });
});
