import { describe, expect, test } from "@jest/globals";
import { RateCounters, type Rule } from "../../../../infra/rules/index.ts";
import { engine, limit, limited, outcomesAt, path, request, ruleset, send } from "./deployment.ts";

const FORM = ["Content-Type", "application/x-www-form-urlencoded"] as const;
const byKey = { characteristics: ["cf.colo.id", "ip.src", 'http.request.headers["x-api-key"]'] };
const second = 1000;
const outcomes = (verdicts: readonly { outcome: string }[]) => verdicts.map(({ outcome }) => outcome);

describe("the documentation's examples (request-rate)", () => {
  test("example A: the request above the limit is blocked at once, per combination of characteristics", () => {
    const expression = `${path("/form")} and any(http.request.headers["content-type"][*] eq "${FORM[1]}")`;
    const rule = limited(limit(byKey, { expression }));
    const keyed = (key: string, type: string) => ({
      headers: [
        ["X-API-Key", key],
        ["Content-Type", type],
      ] as const,
    });
    const verdicts = [
      send(rule, request("/form", { ...keyed("one", FORM[1]), at: 0 })),
      send(rule, request("/form", { ...keyed("two", FORM[1]), at: second })),
      send(rule, request("/form", { ...keyed("one", FORM[1]), at: 2 * second })),
      send(rule, request("/form", { ...keyed("one", "text/plain"), at: 3 * second })),
    ];
    expect(outcomes(verdicts)).toEqual(["pass", "pass", "block", "pass"]);
    expect(verdicts[2]?.response).toEqual({ status: 429, retryAfter: 600 });
    expect(verdicts[2]?.by?.why).toContain("2 requests exceed the limit of 1 requests in 10 s");
  });

  test("example B: what counts by its answer is acted on one request later, for the mitigation timeout", () => {
    const counting_expression = `${path("/form")} and http.response.code eq 400`;
    const rule = limited(limit({ ...byKey, counting_expression }));
    const headers = [["X-API-Key", "one"]] as const;
    const at = (seconds: number, status: number) =>
      send(rule, request("/form", { headers, at: seconds * second }), status);
    expect(outcomes([at(0, 400), at(1, 200), at(2, 400), at(3, 200)])).toEqual(["pass", "pass", "pass", "block"]);
    expect(outcomes([at(4, 200), at(602, 200), at(603, 200)])).toEqual(["block", "block", "pass"]);
  });
});

describe("counting", () => {
  test("N requests pass, the next is acted on", () => {
    expect(outcomesAt(limited(limit({ requests_per_period: 3 })), [0, 1, 2, 3])).toEqual([
      "pass",
      "pass",
      "pass",
      "block",
    ]);
  });

  test("a period later the count begins anew", () => {
    expect(outcomesAt(limited(limit()), [0, 10, 20, 29.9])).toEqual(["pass", "pass", "pass", "block"]);
  });

  test("each data centre counts for itself", () => {
    const rule = limited(limit());
    expect(outcomesAt(rule, [0], { colo: "LHR" })).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], { colo: "CDG" })).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], { colo: "LHR" })).toEqual(["block"]);
  });

  test("a missing characteristic is a value of its own, different from the empty one", () => {
    const rule = limited(limit({ characteristics: ["cf.colo.id", 'http.request.headers["x-api-key"][0]'] }));
    const empty = { headers: [["X-API-Key", ""]] as const };
    expect(outcomesAt(rule, [0, 1])).toEqual(["pass", "block"]);
    expect(outcomesAt(rule, [0, 1], empty)).toEqual(["pass", "block"]);
  });

  test("the values of several characteristics do not run into one another", () => {
    const characteristics = ["cf.colo.id", 'http.request.headers["a"][0]', 'http.request.headers["b"][0]'];
    const rule = limited(limit({ characteristics }));
    const pair = (a: string, b: string) => ({
      headers: [
        ["a", a],
        ["b", b],
      ] as const,
    });
    expect(outcomesAt(rule, [0], pair("xy", "z"))).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], pair("x", "yz"))).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], pair("xy", "z"))).toEqual(["block"]);
  });

  test("long values that differ only at the end have counters of their own", () => {
    const rule = limited(limit(byKey));
    const key = (end: string) => ({ headers: [["X-API-Key", "k".repeat(5000) + end]] as const });
    expect(outcomesAt(rule, [0], key("1"))).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], key("2"))).toEqual(["pass"]);
    expect(outcomesAt(rule, [0], key("1"))).toEqual(["block"]);
  });

  test("a counting expression is not and-ed with the rule's: it counts what the rule does not match", () => {
    const rule = limited(limit({ counting_expression: path("/attempt") }));
    for (const at of [0, 1]) send(rule, request("/attempt", { at: at * second }));
    expect(outcomesAt(rule, [2])).toEqual(["block"]);
  });

  test("an empty counting expression means the rule's own", () => {
    expect(outcomesAt(limited(limit({ counting_expression: "" })), [0, 1])).toEqual(["pass", "block"]);
  });

  test("a rule that stops a request keeps later rules from acting on it and from counting it", () => {
    const first = limit({ requests_per_period: 1, mitigation_timeout: 10 }, { ref: "first" });
    const later = limit({ requests_per_period: 2 }, { ref: "later" });
    // the requests at 1 s and 2 s are stopped by the first rule: the second sees 0 s and 12 s only
    expect(outcomesAt(limited(first, later), [0, 1, 2, 12])).toEqual(["pass", "block", "block", "pass"]);
  });

  test("requests that custom rules stop do not count", () => {
    const stop: Rule = { ref: "stop", expression: 'http.request.method eq "POST"', action: "block" };
    const zone = [ruleset("http_request_firewall_custom", [stop]), ruleset("http_ratelimit", [limit()])];
    expect(outcomesAt(engine({ zone }), [0, 1], { method: "POST" })).toEqual(["block", "block"]);
    const both = engine({ zone });
    outcomesAt(both, [0, 1], { method: "POST" });
    expect(outcomesAt(both, [2])).toEqual(["pass"]);
  });
});

describe("after the answer", () => {
  test("requests_to_origin: cached answers do not count, and the crossing request passes", () => {
    const rule = limited(limit({ requests_to_origin: true }));
    const answer = (at: number, fromCache: boolean) => {
      const facts = request("/form", { at: at * second });
      const verdict = rule.handle(facts);
      rule.respond(facts, verdict, { status: 200, headers: [], fromCache, at: facts.at });
      return verdict.outcome;
    };
    expect([answer(0, true), answer(1, true), answer(2, false), answer(3, false), answer(4, true)]).toEqual([
      "pass",
      "pass",
      "pass",
      "pass",
      "block",
    ]);
  });

  test("an answer counts once, however often it is reported", () => {
    const rule = limited(limit({ requests_to_origin: true }));
    const facts = request("/form");
    const verdict = rule.handle(facts);
    for (let times = 0; times < 5; times += 1) {
      rule.respond(facts, verdict, { status: 200, headers: [], fromCache: false, at: 0 });
    }
    expect(outcomesAt(rule, [1])).toEqual(["pass"]);
  });

  test("score_per_period adds the score of the answer's header; the limit itself still passes", () => {
    const rule = limited(limit({ score_per_period: 100, score_response_header_name: "X-Score" }));
    const score = (at: number, value: string) =>
      send(rule, request("/form", { at }), 200, [["x-score", value]]).outcome;
    expect([score(0, "60"), score(1, "40"), score(2, "1"), score(3, "1")]).toEqual(["pass", "pass", "pass", "block"]);
  });

  test.each(["", "0", "-5", "1.5", "1000001", "9".repeat(400), "many", " 7"])(
    "a score of %j counts nothing",
    (value) => {
      const rule = limited(limit({ score_per_period: 1, score_response_header_name: "x-score" }));
      const sent = [0, 1, 2].map((at) => send(rule, request("/form", { at }), 200, [["x-score", value]]).outcome);
      expect(sent).toEqual(["pass", "pass", "pass"]);
    },
  );
});

describe("acting", () => {
  test("mitigation acts on every matching request for its time, whatever the rate", () => {
    const rule = limited(limit({ mitigation_timeout: 30 }));
    expect(outcomesAt(rule, [0, 1, 15, 20, 31.1])).toEqual(["pass", "block", "block", "block", "pass"]);
  });

  test("timeout 0 throttles: in each period the limit passes", () => {
    const rule = limited(limit({ requests_per_period: 2, mitigation_timeout: 0 }));
    const sent = outcomesAt(rule, [0, 1, 2, 3, 10, 11, 12]);
    expect(sent).toEqual(["pass", "pass", "block", "block", "pass", "pass", "block"]);
  });

  test("Retry-After says when the limit lets the visitor pass", () => {
    const throttle = limited(limit({ mitigation_timeout: 0 }));
    outcomesAt(throttle, [0]);
    expect(send(throttle, request("/form", { at: 3400 })).response).toEqual({ status: 429, retryAfter: 7 });
    expect(outcomesAt(throttle, [10.4])).toEqual(["pass"]);
  });

  test("log makes events and enforces nothing; later rules go on", () => {
    const rule = limited(limit({}, { ref: "log", action: "log" }), limit({ requests_per_period: 2 }));
    expect(outcomesAt(rule, [0, 1])).toEqual(["pass", "pass"]);
    const verdict = send(rule, request("/form", { at: 2 * second }));
    expect(verdict.events.map(({ ref }) => ref)).toEqual(["log", "limit"]);
  });

  test("solving a challenge sets the counter to zero", () => {
    const rule = limited(limit({ mitigation_timeout: 0 }, { action: "managed_challenge" }));
    expect(outcomesAt(rule, [0, 1])).toEqual(["pass", "challenge"]);
    expect(outcomesAt(rule, [2], { clearance: true })).toEqual(["pass"]);
    expect(outcomesAt(rule, [3, 4])).toEqual(["pass", "challenge"]);
  });

  test("a custom response stands in for the 429", () => {
    const response = { status_code: 420, content_type: "text/plain", content: "calm" };
    const rule = limited(limit({}, { action_parameters: { response } }));
    outcomesAt(rule, [0]);
    expect(send(rule, request("/form")).response).toEqual({
      status: 420,
      content: { type: "text/plain", body: "calm" },
      retryAfter: 600,
    });
  });
});

describe("sliding window", () => {
  const sliding = (rule: Rule) => engine({ zone: [ruleset("http_ratelimit", [rule])] }, { window: "sliding" });

  test("the earlier window counts by what is left of it", () => {
    const rule = sliding(limit({ requests_per_period: 4, mitigation_timeout: 0 }));
    expect(outcomesAt(rule, [6, 7, 8, 9])).toEqual(["pass", "pass", "pass", "pass"]);
    // at 11 s: 4 * 0.9 + 1 > 4; at 14 s: 4 * 0.6 + 1 <= 4
    expect(outcomesAt(rule, [11, 14])).toEqual(["block", "pass"]);
  });

  test("throttled requests do not count, so a steady client is not kept out for ever", () => {
    const rule = sliding(limit({ requests_per_period: 5, mitigation_timeout: 0 }));
    const seconds = Array.from({ length: 100 }, (_, index) => index);
    const passed = outcomesAt(rule, seconds).filter((outcome) => outcome === "pass").length;
    expect(passed).toBeGreaterThan(35);
    expect(passed).toBeLessThan(65);
  });

  test("Retry-After is long enough, and not much longer", () => {
    const rule = sliding(limit({ requests_per_period: 4, mitigation_timeout: 0 }));
    outcomesAt(rule, [6, 7, 8, 9]);
    const wait = send(rule, request("/form", { at: 11 * second })).response?.retryAfter ?? 0;
    expect(outcomesAt(rule, [11 + wait])).toEqual(["pass"]);
    expect(wait).toBeLessThanOrEqual(4);
  });
});

describe("redeployment", () => {
  const deploy = (counters: RateCounters, ...rules: readonly Rule[]) =>
    engine({ zone: [ruleset("http_ratelimit", rules)] }, { counters });

  test("a rule whose ref and limit did not change goes on counting", () => {
    const counters = new RateCounters();
    outcomesAt(deploy(counters, limit()), [0]);
    const again = deploy(counters, limit({}, { ref: "new" }), limit({}, { description: "other words" }));
    expect(send(again, request("/form", { at: second })).by?.ref).toBe("limit");
  });

  test("another limit or another ref begins anew", () => {
    const counters = new RateCounters();
    outcomesAt(deploy(counters, limit()), [0]);
    expect(outcomesAt(deploy(counters, limit({ period: 60 })), [1])).toEqual(["pass"]);
    expect(outcomesAt(deploy(counters, limit({}, { ref: "other" })), [1])).toEqual(["pass"]);
    expect(outcomesAt(deploy(counters, limit()), [1])).toEqual(["pass"]);
  });
});
