import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  createRequestLog,
  deploymentLines,
  printable,
  printableBytes,
  problemLines,
  requestLines,
} from "../../../../infra/local/console/index.ts";
import type { RequestRecord } from "../../../../infra/local/edge/index.ts";
import { createEngine, type LoadProblem, type RuleEvent, type Verdict } from "../../../../infra/rules/index.ts";

const time = new Date(2026, 10, 22, 9, 5, 7).getTime();
const plain: RequestRecord = {
  time,
  ray: "0123456789abcdef-LCL",
  client: "127.0.0.1",
  method: "GET",
  host: "chat.causeway.localhost",
  path: "/admin",
  status: 200,
  durationMs: 3,
};
const REQUEST = {
  method: "GET",
  host: "a.example",
  uri: "/admin",
  version: "HTTP/2",
  scheme: "https",
  headers: [],
  ip: "198.18.0.1",
  at: 0,
} as const;
const pass: Verdict = { outcome: "pass", events: [], settings: {}, undetermined: [], rulesInDoubt: [] };
const by: RuleEvent = {
  ref: "surface",
  ruleset: "custom rules",
  phase: "http_request_firewall_custom",
  action: "block",
  description: "What the surface does not have.",
  why: 'http.request.uri.path eq "/admin" is true, because http.request.uri.path is "/admin"',
  logged: true,
};
const stopped = (event: Partial<RuleEvent> = {}, status = 403): RequestRecord => ({
  ...plain,
  status,
  verdict: { ...pass, outcome: "block", by: { ...by, ...event }, response: { status } },
});

describe("I11-6: a field that only Cloudflare knows", () => {
  const unsure = (rule: NonNullable<Verdict["askedBy"]>[number]["rule"], ...undetermined: string[]): RequestRecord => ({
    ...plain,
    verdict: { ...pass, outcome: "undetermined", undetermined, askedBy: [{ rule, undetermined }] },
  });
  const noFr = () => ({ ref: "no_fr", phase: "http_request_firewall_custom" }) as const;

  test("is named with its rule, and how to set it", () => {
    expect(requestLines(unsure(noFr(), "ip.src.country")).slice(1)).toEqual([
      "          undetermined: rule no_fr needs ip.src.country, which only Cloudflare knows; " +
        "set it with the header `Local-Visitor: country=…` or with `--visitor`",
      "          rules in doubt were taken as not matching",
    ]);
    const [, list, zone] = requestLines(unsure(noFr(), "$office", "cf.zone.name"));
    expect(list).toContain("rule no_fr needs $office, a list that is not known here");
    expect(zone).toContain("rule no_fr needs cf.zone.name, which only Cloudflare knows");
    expect(zone).not.toContain("Local-Visitor");
  });

  test("is shown in one line with all rules that need it", () => {
    const askedBy = ["no_fr", "no_it", "no_es"].map((ref) => ({
      rule: { ref, phase: "http_request_firewall_custom" as const },
      undetermined: ["ip.src.country"],
    }));
    const verdict: Verdict = { ...pass, outcome: "undetermined", undetermined: ["ip.src.country"], askedBy };
    expect(requestLines({ ...plain, verdict })).toHaveLength(3);
    expect(requestLines({ ...plain, verdict })[1]).toContain(
      "undetermined: rules no_fr, no_it, no_es need ip.src.country,",
    );
  });

  test("is shown once for each rule, until the deployment changes", () => {
    const log = createRequestLog();
    const rule = noFr();
    expect(log(unsure(rule, "ip.src.country"))).toHaveLength(3);
    expect(log(unsure(rule, "ip.src.country"))).toEqual([expect.stringContaining("SERVED 200")]);
    expect(log(unsure(rule, "ip.src.country", "ip.src.asnum"))[1]).toContain("ip.src.asnum");
    expect(log(unsure(rule, "ip.src.country", "ip.src.asnum"))).toHaveLength(1);
    expect(log(unsure(noFr(), "ip.src.country"))).toHaveLength(3);
    const blocked = { ...stopped(), verdict: { ...unsure(rule, "ip.src.country").verdict, ...stopped().verdict } };
    expect(log(blocked as RequestRecord)).toHaveLength(3);
  });

  test("has one object of the engine for each rule of a deployment", () => {
    const rules = [{ ref: "no_fr", expression: 'ip.src.country eq "FR"', action: "block" as const }];
    const phase = "http_request_firewall_custom";
    const engine = createEngine({ plan: "free", zone: [{ id: "a", name: "a", kind: "zone", phase, rules }] });
    const ask = () => engine.handle({ ...REQUEST }).askedBy;
    expect(ask()).toEqual([{ rule: noFr(), undetermined: ["ip.src.country"] }]);
    expect(ask()?.[0]?.rule).toBe(ask()?.[0]?.rule);
  });
});

describe("I11-9: the reason of a rule that is guarded by hostnames", () => {
  const why = (expression: string): string | undefined => {
    const rules = [{ ref: "a", expression, action: "block" as const }];
    const phase = "http_request_firewall_custom";
    const engine = createEngine({ plan: "free", zone: [{ id: "a", name: "a", kind: "zone", phase, rules }] });
    return engine.handle({ ...REQUEST }).by?.why;
  };
  const path = 'http.request.uri.path eq "/admin"';
  const because = `${path} is true, because http.request.uri.path is "/admin"`;

  test("is the author's condition where the guard holds", () => {
    const guard = 'lower(http.host) in {"a.example"} or starts_with(lower(http.host), "a.example:")';
    expect(why(`((${guard}) and ${path})`)).toBe(because);
    expect(why(`http.host eq "a.example" and ssl and ${path}`)).toBe(`ssl is true, and ${because}`);
  });

  test("is the whole where there is no guard", () => {
    expect(why(`ssl and ${path}`)).toBe(`ssl is true, and ${because}`);
    expect(why(path)).toBe(because);
    expect(why(`${path} or ssl`)).toBe(because);
    expect(why('http.host eq "a.example"')).toContain("http.host");
  });
});

describe("requests", () => {
  test("D3: that were served make one line with their time; an error of the backend is red", () => {
    const line = (status: number) =>
      `09:05:07  SERVED ${status}  GET chat.causeway.localhost/admin  from 127.0.0.1  ray 0123456789abcdef-LCL`;
    expect(requestLines({ ...plain, verdict: pass })).toEqual([`${line(200)}  3 ms`]);
    expect(requestLines({ ...plain, status: 404, verdict: pass })).toEqual([`${line(404)}  3 ms`]);
    expect(requestLines({ ...plain, status: 101, durationMs: 61_240 })).toEqual([`${line(101)}  open for 61.2 s`]);
    expect(requestLines({ ...plain, status: 200 }, { color: true })[0]).not.toContain("\x1b");
    expect(requestLines({ ...plain, status: 500 }, { color: true })[0]).toContain("\x1b[31mSERVED\x1b[0m 500");
  });

  test("that a rule blocked name the request, the rule and why", () => {
    expect(requestLines(stopped())).toEqual([
      "09:05:07  BLOCKED 403  GET chat.causeway.localhost/admin  from 127.0.0.1  ray 0123456789abcdef-LCL",
      "          rule surface (http_request_firewall_custom, block): What the surface does not have.",
      '          http.request.uri.path eq "/admin" is true, because http.request.uri.path is "/admin"',
    ]);
  });

  test("above a rate limit, and challenged ones, say so", () => {
    expect(requestLines(stopped({ phase: "http_ratelimit" }, 429))[0]).toContain("LIMITED 429");
    expect(requestLines(stopped({ action: "managed_challenge" }))[0]).toContain("CHALLENGE 403");
  });

  test("that were redirected name the rule as well", () => {
    const verdict: Verdict = { ...pass, outcome: "redirect", by, response: { status: 301, location: "https://a/" } };
    const lines = requestLines({ ...plain, status: 301, verdict });
    expect(lines[0]).toContain("REDIRECTED 301");
    expect(lines[1]).toContain("rule surface");
  });

  test("to which the edge responded with an error say what to do", () => {
    const failure = { code: 1033, message: "no connector; start it with `npm run connector`" };
    const lines = requestLines({ ...plain, status: 530, verdict: pass, failure });
    expect(lines[0]).toContain("ERROR 1033 530");
    expect(lines[1]).toContain("npm run connector");
    const bad = { code: 502, message: "the origin is down" };
    expect(requestLines({ ...plain, status: 502, failure: bad })[0]).toContain("ERROR 502 ");
    const malformed = {
      ...plain,
      method: "",
      host: "",
      path: "",
      status: 400,
      failure: { code: 400, message: "malformed" },
    };
    expect(requestLines(malformed)[0]).toContain("(malformed request)");
  });

  test("with undetermined rules name the fields", () => {
    const lines = requestLines({
      ...plain,
      verdict: { ...pass, outcome: "undetermined", undetermined: ["cf.client.bot"] },
    });
    expect(lines[0]).toContain("UNSURE");
    expect(lines[1]).toContain("cf.client.bot");
  });

  test("R8: rules in doubt are named with what is wrong, a few of many", () => {
    const diagnostic = {
      code: "unknown-key",
      severity: "error",
      message: "m\x1b[2J",
      pointer: "/rules/0/x",
      text: "",
    } as const;
    const problem = (rule: string): LoadProblem => ({
      ruleset: "custom",
      phase: "http_request_firewall_custom",
      rule,
      effect: "undetermined",
      diagnostics: [{ ...diagnostic, span: { start: 0, end: 0 } }],
    });
    const rulesInDoubt = ["a", "b", "c", "d", "e"].map(problem);
    const lines = requestLines({ ...plain, verdict: { ...pass, outcome: "undetermined", rulesInDoubt } });
    expect(lines).toHaveLength(6);
    expect(lines[1]).toMatch(/^ +undetermined: rule "a" of ruleset "custom" .*unknown-key at \/rules\/0\/x\]$/);
    expect(lines[4]).toContain("2 more rules");
    expect(lines[5]).toContain("taken as not matching");
    expect(lines.join("")).not.toContain("\x1b");
  });

  test("are coloured where asked", () => {
    expect(requestLines(stopped(), { color: true })[0]).toContain("\x1b[31mBLOCKED\x1b[0m");
    expect(problemLines({ zone: "z", message: "m" }, { color: true })[0]).toContain("\x1b[31m");
  });
});

describe("text that attackers send", () => {
  test("cannot drive the terminal, break lines or turn the direction of text", () => {
    expect(printable("a\x1b[2J\r\nb\x9b31m\u202ec\u2028")).toBe("a\\x1b[2J\\x0d\\x0ab\\x9b31m\\u{202e}c\\u{2028}");
    expect(printable("\\x1b")).toBe("\\\\x1b");
    expect(printableBytes("/\xc3\xa9\x80")).toBe("/\\xc3\\xa9\\x80");
    expect(printable("é 🙂")).toBe("é 🙂");
  });

  test("is cut", () => {
    expect(printable("x".repeat(500), 10)).toBe(`${"x".repeat(10)}...`);
  });

  test("of any kind makes lines of printable characters only", () => {
    const hostile = fc
      .array(fc.nat({ max: 0x10ffff }), { maxLength: 60 })
      .map((codes) => String.fromCodePoint(...codes));
    const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
    fc.assert(
      fc.property(hostile, hostile, hostile, (one, two, three) => {
        const record = stopped({ ref: one, description: two, why: three });
        const failure = { code: 502, message: one };
        const lines = [
          ...requestLines({ ...record, method: one, host: two, path: three, client: one }),
          ...requestLines({ ...plain, method: two, path: three, failure }),
          ...problemLines({ zone: one, message: two }),
          ...deploymentLines({
            name: one,
            plan: two,
            rulesets: [ruleset([{ ref: three, expression: one, action: "block" }])],
            accountRulesets: [],
          }),
        ];
        expect(lines.join("")).not.toMatch(unsafe);
      }),
      { numRuns: 100 },
    );
  });
});

function ruleset(
  rules: Parameters<typeof deploymentLines>[0]["rulesets"][number]["rules"],
  phase: RuleEvent["phase"] = by.phase,
) {
  return { id: "1", name: "n", kind: "zone", phase, rules } as const;
}

describe("the list of what is deployed", () => {
  test("has every rule and limit under its phase", () => {
    const limit = {
      characteristics: ["cf.colo.id", "ip.src"],
      period: 10,
      requests_per_period: 20,
      mitigation_timeout: 10,
    };
    const login = {
      ref: "login",
      expression: "true",
      action: "block",
      description: "Logins.",
      ratelimit: limit,
    } as const;
    const rulesets = [
      ruleset([login], "http_ratelimit"),
      ruleset([
        { ref: "surface", expression: "true", action: "block", description: "Unknown paths." },
        { ref: "old", expression: 'http.host\neq "x"', action: "managed_challenge", enabled: false },
      ]),
      ruleset([], "http_request_cache_settings"),
    ];
    expect(deploymentLines({ name: "causeway.localhost", plan: "free", rulesets, accountRulesets: [] })).toEqual([
      "zone causeway.localhost, plan free",
      "  custom rules",
      "    surface  block: Unknown paths.",
      '    old      (off) managed_challenge: http.host eq "x"',
      "  rate limits",
      "    login    block: more than 20 requests in 10 s by ip.src, then for 10 s; Logins.",
    ]);
  });

  test("says when there is nothing, and whose a ruleset is", () => {
    const zone = { name: "z", plan: "free", rulesets: [], accountRulesets: [] };
    expect(deploymentLines(zone)).toEqual(["zone z, plan free: no rules are deployed"]);
    const rules = [{ ref: "r", expression: "true", action: "block" }] as const;
    const account = { ...ruleset(rules), kind: "root" } as const;
    expect(deploymentLines({ ...zone, accountRulesets: [account] })[1]).toBe("  custom rules of the account");
  });
});

describe("what happens too often", () => {
  const limited = (seconds: number) => ({
    ...stopped({ ref: "login", phase: "http_ratelimit" }, 429),
    time: time + seconds * 1000,
  });

  test("is counted instead of shown, and the next one shown says how many", () => {
    const log = createRequestLog();
    const first = Array.from({ length: 20 }, () => log(limited(0)));
    expect(first.slice(0, 4).every((lines) => lines.length === 3)).toBe(true);
    expect(first[4]?.[3]).toContain("more of rule login are counted");
    expect(first.slice(5).flat()).toEqual([]);
    expect(log(limited(11))[0]).toContain("15 more of rule login were not shown");
    expect(log(limited(22))).toHaveLength(3);
  });

  test("does not hide other rules and errors", () => {
    const log = createRequestLog();
    for (let count = 0; count < 100; count += 1) log(limited(0));
    expect(log(stopped({ ref: "surface" }))).toHaveLength(3);
    expect(log({ ...plain, status: 502, failure: { code: 502, message: "down" } })).toHaveLength(2);
    expect(log({ ...plain, verdict: pass })).toHaveLength(1);
  });

  test("D3: served requests are shown up to a hundred in ten seconds, and hide no blocked one", () => {
    const log = createRequestLog();
    const shown = Array.from({ length: 500 }, () => log(plain)).flat();
    expect(shown).toHaveLength(101);
    expect(shown.at(-1)).toContain("more of the requests that were served are counted for a while");
    expect(log(stopped())).toHaveLength(3);
    expect(log({ ...plain, time: time + 10_000 })[0]).toContain("400 more of the requests that were served");
  });

  test("is bounded in memory whatever clients send", () => {
    const log = createRequestLog();
    const kinds = new Set<string>();
    for (let count = 0; count < 1000; count += 1) {
      for (const line of log({ ...stopped(), path: `/${count}`, client: `10.0.0.${count}` })) kinds.add(line);
    }
    expect(kinds.size).toBeLessThan(20);
  });
});
