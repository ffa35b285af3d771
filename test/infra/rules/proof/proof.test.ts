// A policy is proved by the examples of its rules and by stories: what fails is data, with file and place.
import { describe, expect, test } from "@jest/globals";
import {
  type Examples,
  exampleRequests,
  knownVisitor,
  type ProofInput,
  prove,
  type RuleToProve,
  renderProof,
  type StoryStep,
  type Visitors,
} from "../../../../infra/rules/index.ts";

const visitors: Visitors = {
  ordinary: { ip: "198.18.0.1", userAgent: "browser", fields: { "ip.src.country": "DE" } },
  tor: { fields: { "ip.src.country": "T1" } },
};

const rule = (when: string, examples: unknown, more: Partial<RuleToProve> = {}): RuleToProve => ({
  ref: "my_rule",
  expression: `(http.host eq "a.example" and ${when})`,
  action: "block",
  source: { file: "rules/my-rule.ts", when, examples: examples as Examples },
  ...more,
});

const input = (rules: readonly RuleToProve[], stories: readonly unknown[] = []): ProofInput => ({
  plan: "free",
  host: "a.example",
  visitors,
  rulesets: [{ phase: "http_request_firewall_custom", name: "mine", rules }],
  stories: stories.map((story, index) => ({
    file: `stories/${index}.json`,
    json: typeof story === "string" ? story : JSON.stringify(story),
  })),
});

const old = 'http.request.uri.path eq "/old"';
const fine = { match: ["GET /old"], pass: ["GET /"] };
const failures = (examples: unknown, when = old) => prove(input([rule(when, examples)])).diagnostics;

test("a rule that does what it claims has nothing to say", () => {
  expect(prove(input([rule(old, fine)]))).toEqual({
    diagnostics: [],
    examples: 2,
    stories: 0,
    storiesOfOtherPlans: 0,
    gaps: [],
  });
});

test("an example that is not matched, and one that is, are told with place and reason", () => {
  expect(failures({ match: ["GET /old", "GET /new"], pass: ["GET /old", "GET /"] })).toMatchObject([
    {
      code: "example-not-matched",
      file: "rules/my-rule.ts",
      phase: "http_request_firewall_custom",
      ref: "my_rule",
      pointer: "/examples/match/1",
      text: "GET /new",
      message: `the rule must match this request, but ${old} is false, because http.request.uri.path is "/new"`,
    },
    {
      code: "example-matched",
      pointer: "/examples/pass/0",
      message: expect.stringMatching(/^the rule must not match this request, but .* is true/),
    },
  ]);
});

test("A9: the reason is told in the words of the author, or that the guard by hostname decides", () => {
  const examples = { match: ["GET https://other.example/old"], pass: ["GET /old"] };
  expect(failures(examples).map(({ message }) => message)).toEqual([
    "the rule must match this request, but the request is for none of the site's hostnames",
    `the rule must not match this request, but ${old} is true, because http.request.uri.path is "/old"`,
  ]);
});

describe("A11: examples that are none", () => {
  const none = { code: "no-examples", pointer: "/examples", hint: expect.stringContaining("examples: {") };
  test.each([
    [undefined, [{ ...none, message: "the rule has no examples that it must match and pass, so nothing proves it" }]],
    [{ match: [], pass: ["GET /"] }, [{ ...none, message: expect.stringContaining("must match, so") }]],
    [{ match: ["GET /old"], pass: [] }, [{ ...none, message: expect.stringContaining("must pass, so") }]],
    [{ match: ["GET /old"] }, [{ code: "missing-key", pointer: "/examples/pass" }]],
    [null, [{ code: "wrong-type", pointer: "/examples", message: "expected an object, got null" }]],
    [
      { match: "GET /old", pass: ["GET /"] },
      [{ code: "wrong-type", pointer: "/examples/match", message: "expected a list, got a string" }],
    ],
    [{ match: [7], pass: ["GET /"] }, [{ code: "wrong-type", pointer: "/examples/match/0", text: "7" }]],
    [{ match: [""], pass: ["GET /"] }, [{ code: "empty-value", pointer: "/examples/match/0" }]],
    [
      { match: [{ request: "GET /old", ipp: "1.2.3.4" }], pass: ["GET /"] },
      [{ code: "unknown-key", pointer: "/examples/match/0/ipp", hint: "did you mean ip?" }],
    ],
    [
      { match: [{ request: "GET /old", headers: { "a/b": 1 } }], pass: ["GET /"] },
      [{ code: "wrong-type", pointer: "/examples/match/0/headers/a~1b" }],
    ],
  ])("%j", (examples, expected) => {
    expect(failures(examples)).toMatchObject(expected);
  });

  test("F2: a step of a story without a request is one too", () => {
    const story = { story: "a", steps: [{ request: "[]", expect: "pass" }] };
    expect(prove(input([rule(old, fine)], [story])).diagnostics).toMatchObject([
      { code: "no-request", file: "stories/0.json", pointer: "/steps/0/request" },
    ]);
  });

  test.each([
    ["GET old", "neither a path that starts with / nor a URL"],
    ["GET /old from x", '"x" is no IP address'],
    [{ request: "GET /old", visitor: "torr" }, 'there is no visitor "torr"; did you mean tor?'],
    [{ request: "GET /old", visitor: "x" }, 'there is no visitor "x"; there are ordinary, tor'],
    [{ request: "GET /old", visitor: "constructor" }, 'there is no visitor "constructor"'],
    [{ request: "GET /old", given: { "ip.src.contry": "DE" } }, "no such field; did you mean ip.src.country"],
    [{ request: "GET /old", given: { zzzzzzzzzzzzz: "DE" } }, "there is no such field"],
    [{ request: "GET /old", given: { "ip.src.asnum": "1" } }, 'the value given for it is "1"'],
    ["GET /old given ip.src.country=7", "ip.src.country is String"],
    ["gét /old", "no HTTP method"],
    [{ request: "GET /old", ip: "203.0.113.256" }, '"ip" is "203.0.113.256", but it must be an address'],
    [{ request: "GET /old", headers: { "a b": "c" } }, '"a b" is not the name of a header'],
    [{ request: "GET /old", headers: { a: "b\r\nc: d" } }, "the header a must be a text without control characters"],
    [{ request: "GET /old", headers: { Host: "b.example" } }, 'write "request": "GET https://b.example/..."'],
    ['{ "request": "GET /old", "headers": { "a": "b\\r\\nc: d" } }', "is no header"],
    ['{ "url": "/old", "headers": { "a b": "c" } }', "is no header"],
    [{ request: "GET /old", given: { "http.host": "a.example" } }, "http.host must not be given"],
    [{ request: "GET /", given: { "http.request.uri.path": "/old" } }, "write it into the URL of the request"],
    ["GET /old given http.request.uri.path=/x", "write it into the URL of the request"],
    [{ request: "GET /old", given: { "raw.http.request.headers": {} } }, "write the header"],
    [{ request: "GET /old", given: { "ip.src": "203.0.113.7" } }, "write the address"],
    [{ request: "GET /old", given: { "http.request.body.size": 1 } }, "write the body"],
    [{ request: "GET /old", given: { "ip.src.country": "de" } }, 'ip.src.country is "de", but it must be two capital'],
    ["GET /old given ip.geoip.country=de", "it must be two capital letters"],
    [{ request: "GET /old", given: { "ip.src.asnum": null } }, "the value given for it is null"],
    ['GET /old given __proto__={"ip.src.country":"T1"}', "a value is given for __proto__, but there is no such field"],
    ['{ "log": { "entries": [] } }', "there is no request in "],
    ["[]", "there is no request in "],
  ])("%j is no request", (example, message) => {
    expect(failures({ match: [example], pass: ["GET /"] })).toMatchObject([
      { code: "no-request", pointer: "/examples/match/0", message: expect.stringContaining(message) },
    ]);
  });
});

test("F15: what only Cloudflare can say of a request's size may be given", () => {
  const given = { "http.request.body.truncated": true };
  const examples = { match: [{ request: "GET /old", given }], pass: ["GET /old"] };
  const rules = [rule("http.request.body.truncated", examples)];
  expect(prove({ ...input(rules), plan: "enterprise" }).diagnostics).toEqual([]);
});

test("F9: examples that are no plain data are told with their place", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.again = cyclic;
  for (const [examples, pointer] of [
    [{ match: new Array(1), pass: ["GET /"] }, "/examples/match/0"],
    [{ match: [{ request: "GET /old", given: cyclic }], pass: ["GET /"] }, "/examples/match/0/given/again"],
  ] as const)
    expect(failures(examples)).toMatchObject([{ code: "wrong-type", file: "rules/my-rule.ts", pointer }]);
});

test("what no one gives is said with what to do", () => {
  const examples = { match: ["GET /old"], pass: ["GET /"] };
  expect(failures(examples, 'cf.zone.name eq "a"')).toMatchObject([
    {
      code: "example-undetermined",
      message: "the rule must match this request, but nothing says what cf.zone.name is",
      hint: "add the field to `given` of the example, or to the visitor",
    },
    { code: "example-undetermined", pointer: "/examples/pass/0" },
  ]);
});

test("a rule that does not compile is told in its author's words, and no story is run with it", () => {
  const story = { story: "a", steps: [{ request: "GET /", expect: "pass" }] };
  const proof = prove(input([rule("ip.src.contry in {1}", fine)], [story]));
  expect(proof.diagnostics).toMatchObject([
    { code: "unknown-field", pointer: "/when", text: "ip.src.contry in {1}", span: { start: 0, end: 13 } },
  ]);
  expect(proof).toMatchObject({ stories: 0, examples: 0 });
});

test("A5: the examples of a rule that is off are tried, and stories run without it", () => {
  const story = { story: "a", steps: [{ request: "GET /old", expect: "pass" }] };
  const off = rule(old, { match: ["GET /new"], pass: ["GET /"] }, { enabled: false });
  const { diagnostics, stories } = prove(input([off], [story]));
  expect(diagnostics.map(({ code }) => code)).toEqual(["example-not-matched"]);
  expect(stories).toBe(1);
});

test("A10: a step that expects any sends its requests, and what happens to them is not checked", () => {
  const [first, ...others] = ["GET /old", "GET /"].map((request) => ({ request, expect: "any" }));
  const steps = [first, ...others, { request: "GET /old", expect: "block", by: "my_rule" }];
  expect(prove(input([rule(old, fine)], [{ story: "a", steps }])).diagnostics).toEqual([]);
  expect(
    prove(input([rule(old, fine)], [{ story: "a", steps: [{ ...first, by: "other" }] }])).diagnostics,
  ).toMatchObject([
    { code: "story-differs", message: expect.stringContaining("expected other to decide, got block by my_rule") },
  ]);
});

test("lists are asked", () => {
  const asks = rule("ip.src in $office", { match: [{ request: "GET /", ip: "192.0.2.1" }], pass: ["GET /"] });
  const lists = { office: { kind: "ip" as const, items: ["192.0.2.0/24"] } };
  const story = { story: "a", steps: [{ request: "GET / from 192.0.2.9", expect: "block", by: "my_rule" }] };
  expect(prove({ ...input([asks], [story]), lists }).diagnostics).toEqual([]);
});

describe("requests", () => {
  const setting = { host: "a.example", visitors };
  const only = (example: Parameters<typeof exampleRequests>[0]) => {
    const read = exampleRequests(example, setting);
    if (!read.ok || read.requests.length !== 1) throw new Error(JSON.stringify(read));
    return read.requests[0];
  };

  test("A2: a known visitor leaves user agent and headers of the ordinary one to the client, and every field is known", () => {
    const headers = { Accept: "*/*" };
    const all: Visitors = { ...visitors, ordinary: { ...visitors.ordinary, headers }, bot: { userAgent: "bot" } };
    const tor = knownVisitor(all, "tor");
    expect(tor).toMatchObject({ ip: "198.18.0.1", fields: { "ip.src.country": "T1", "cf.client.bot": false } });
    expect([tor?.userAgent, tor?.headers, knownVisitor(all, "bot")?.userAgent]).toEqual([undefined, undefined, "bot"]);
    expect(knownVisitor(all, "ordinary")).toMatchObject({ fields: { "ip.src.country": "DE" } });
    expect(knownVisitor(all, "ordinary")?.userAgent).toBeUndefined();
    expect(knownVisitor(all, "toString")).toBeUndefined();
    expect(knownVisitor({ ordinary: {} }, "ordinary")?.ip).toBeUndefined();
  });

  test("start from the ordinary visitor, and differ from it where they say so", () => {
    expect(only("GET /")).toMatchObject({
      method: "GET",
      host: "a.example",
      scheme: "https",
      version: "HTTP/2",
      ip: "198.18.0.1",
      headers: [
        ["Host", "a.example"],
        ["User-Agent", "browser"],
      ],
      given: { "ip.src.country": "DE", "cf.client.bot": false, "cf.tls_client_hello_length": 0 },
    });
    expect(only({ request: "GET /", visitor: "tor" })).toMatchObject({
      ip: "198.18.0.1",
      given: { "ip.src.country": "T1" },
    });
    const given = { "ip.src.country": "FR" };
    expect(
      only({ request: "GET /", ip: "::1", headers: { "user-AGENT": "curl" }, given, visitor: "tor" }),
    ).toMatchObject({
      ip: "::1",
      headers: [
        ["Host", "a.example"],
        ["user-AGENT", "curl"],
      ],
      given,
    });
    expect(only('GET / from 192.0.2.1 as "x" given ip.geoip.country=FR')).toMatchObject({
      ip: "192.0.2.1",
      given: { "ip.geoip.country": "FR", "ip.src.city": "" },
    });
  });

  test("name the site by {host}, in capitals by {HOST}", () => {
    expect(only("POST http://{HOST}:8080/{host}")).toMatchObject({
      host: "A.EXAMPLE:8080",
      scheme: "http",
      uri: "/a.example",
    });
  });

  test("take a path as it is, quotes included", () => {
    expect(only(`GET /it's"quoted"`)).toMatchObject({ uri: `/it's"quoted"` });
  });
});

describe("stories", () => {
  const limit: RuleToProve = rule(old, fine, {
    ref: "limit",
    ratelimit: {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requests_per_period: 2,
      mitigation_timeout: 10,
      requests_to_origin: false,
    },
  });
  const told = (steps: readonly (StoryStep | object)[], more: object = {}) =>
    prove({
      ...input([], [{ story: "a", steps, ...more }]),
      rulesets: [{ phase: "http_ratelimit", name: "limits", rules: [{ ...limit, expression: old }] }],
    }).diagnostics;

  test("run requests at their times, from their visitors", () => {
    expect(
      told(
        [
          { request: "GET /old", times: 2, every: 1, response: 404, expect: "pass" },
          { request: "GET /old", expect: "block", by: "limit", status: 429 },
          { request: "GET /old from 192.0.2.1", expect: "pass" },
          { request: "GET /old", after: 30, expect: "pass" },
        ],
        { visitor: "tor" },
      ),
    ).toEqual([]);
  });

  test("say where they go otherwise", () => {
    expect(
      told([
        { request: "GET /old", times: 4, expect: "pass" },
        { request: "GET /old", expect: "block", by: "other" },
        { request: "GET /old", expect: "block", status: 403 },
        { request: "GET /", expect: "pass", status: 200 },
        { request: "GET /", visitor: "nobody", expect: "pass" },
      ]),
    ).toMatchObject([
      {
        code: "story-differs",
        file: "stories/0.json",
        pointer: "/steps/0",
        text: "GET /old",
        message: "request 3 of the step, at 0 s: expected pass, got block by limit; 1 more of the step differ",
      },
      { pointer: "/steps/1", message: expect.stringContaining("expected other to decide, got block by limit") },
      { pointer: "/steps/2", message: expect.stringContaining("expected status 403, got 429") },
      { pointer: "/steps/3", message: expect.stringContaining("expected status 200, got none") },
      { code: "no-request", pointer: "/steps/4/request" },
    ]);
  });

  test("say what nothing tells", () => {
    const asks = rule('cf.zone.name eq "a"', fine);
    const story = { story: "a", steps: [{ request: "GET /", expect: "pass" }] };
    expect(prove(input([asks], [story])).diagnostics.at(-1)).toMatchObject({
      code: "story-differs",
      message: expect.stringContaining("got undetermined, because nothing says what cf.zone.name is"),
    });
  });

  test("are run on the plan that they name alone", () => {
    const story = { story: "a", plan: "pro", steps: [{ request: "GET /old", expect: "pass" }] };
    const wrong = { ...input([rule(old, fine)], [story]) };
    expect(prove(wrong)).toMatchObject({ diagnostics: [], stories: 0, storiesOfOtherPlans: 1 });
    expect(prove({ ...wrong, plan: "pro" })).toMatchObject({ diagnostics: [{ code: "story-differs" }], stories: 1 });
  });

  test("that the engine cannot run are told", () => {
    const unknown = rule(old, fine, { action: "execute", action_parameters: { id: "none" } });
    const story = { story: "a", steps: [{ request: "GET /", expect: "pass" }] };
    expect(prove(input([unknown], [story])).diagnostics).toMatchObject([
      { code: "story-not-run", message: expect.stringContaining("my_rule") },
    ]);
  });

  test.each([
    ["{", { code: "story-unreadable", message: expect.stringContaining("it is not JSON: ") }],
    ["[]", { code: "wrong-type", pointer: "", message: "expected an object, got a list" }],
    [{ steps: [{ request: "/", expect: "pass" }] }, { code: "missing-key", pointer: "/story" }],
    [
      { story: "a", steps: [] },
      { code: "empty-value", pointer: "/steps" },
    ],
    [
      { story: "a", steps: {} },
      { code: "wrong-type", pointer: "/steps", message: "expected a list, got an object" },
    ],
    [
      { story: "a", plan: "gold", steps: [{ request: "/", expect: "pass" }] },
      { code: "bad-choice", pointer: "/plan" },
    ],
    [
      { story: "a", steps: [{ expect: "pass" }] },
      { code: "missing-key", pointer: "/steps/0/request" },
    ],
    [
      { story: "a", steps: [{ request: "/", expect: "no" }] },
      { code: "bad-choice", pointer: "/steps/0/expect" },
    ],
    [
      { story: "a", steps: [{ request: "/", expect: "pass", times: 1.5 }] },
      { code: "wrong-type", pointer: "/steps/0/times" },
    ],
    [
      { story: "a", steps: [{ request: "/", expect: "pass", times: 1e9 }] },
      { code: "out-of-range", pointer: "/steps/0/times" },
    ],
    [
      { story: "a", steps: [{ request: "/", expect: "pass", after: -1 }] },
      { code: "out-of-range", pointer: "/steps/0/after" },
    ],
  ])("A4: %j is no story", (story, expected) => {
    expect(prove(input([], [story])).diagnostics).toMatchObject([expected]);
  });

  test.each([
    ["tims", "times"],
    ["evry", "every"],
    ["respnse", "response"],
    ["qqq", "there are request"],
  ])("A4: a step with the key %s is told what may be meant", (key, meant) => {
    const story = { story: "a", steps: [{ request: "GET /", expect: "pass", [key]: 20 }] };
    expect(prove(input([], [story])).diagnostics).toMatchObject([
      { code: "unknown-key", file: "stories/0.json", pointer: `/steps/0/${key}`, hint: expect.stringContaining(meant) },
    ]);
  });
});

test("rules of others run before the own ones, and what they change about a story that holds is a warning", () => {
  const theirs = { ref: "theirs", expression: 'http.request.uri.path eq "/"', action: "block" as const };
  const others = { http_request_firewall_custom: [theirs] };
  const story = (expect: string) => ({ story: "a", steps: [{ request: "GET /", expect }] });
  const of = (expect: string) =>
    prove({ ...input([rule(old, fine)], [story(expect)]), adoptedRules: others }).diagnostics;
  expect(of("pass")).toMatchObject([
    {
      code: "story-differs",
      severity: "warning",
      message: expect.stringMatching(/^behind the rules of others in the adopted ruleset, .*got block by theirs$/),
    },
  ]);
  // a story that the own rules do not keep is an error
  expect(of("block")).toMatchObject([{ severity: "error", message: expect.stringContaining("got pass") }]);
});

test("a named visitor without the ordinary one's user agent and headers has its address and all fields", () => {
  expect(knownVisitor(visitors, "nobody")).toBeUndefined();
  expect(knownVisitor(visitors, "ordinary")).toMatchObject({ ip: "198.18.0.1", fields: { "ip.src.country": "DE" } });
  const tor = knownVisitor(visitors, "tor");
  expect(tor).toMatchObject({ ip: "198.18.0.1", fields: { "ip.src.country": "T1", "cf.client.bot": false } });
  expect(tor).not.toHaveProperty("userAgent");
  expect(knownVisitor({ ordinary: {} }, "ordinary")).not.toHaveProperty("ip");
});

test("gaps are conditions of the author that neither example nor story made true, or false", () => {
  const when = 'http.request.uri.path in {"/old"} and (ip.src.country eq "T1" or ip.src.country eq "XX" or true)';
  const examples = { match: [{ request: "GET /old", visitor: "tor" }], pass: ["GET /"] };
  const of = (stories: readonly unknown[]) => prove(input([rule(when, examples)], stories), { gaps: true }).gaps;
  expect(of([])).toEqual([
    {
      phase: "http_request_firewall_custom",
      ref: "my_rule",
      file: "rules/my-rule.ts",
      conditions: [
        'never false: ip.src.country eq "T1"; add to `pass` a request that differs only in this from one in `match`',
        'never looked at: ip.src.country eq "XX"; add a request in which it decides',
        "never looked at: true; add a request in which it decides",
      ],
    },
  ]);
  const story = { story: "a", steps: [{ request: "GET /old", expect: "block" }] };
  expect(of([story])[0]?.conditions).toEqual([
    'never true: ip.src.country eq "XX"; add to `match` a request that differs only in this from one in `pass`',
  ]);
  // where a condition is negated, a request in which it is true is one that passes
  const conditionsOf = (condition: string) =>
    prove(input([rule(`${old} and ${condition}`, fine)]), { gaps: true }).gaps[0]?.conditions;
  expect(conditionsOf('not ip.src.country eq "T1"')).toEqual([
    'never true: ip.src.country eq "T1"; add to `pass` a request that differs only in this from one in `match`',
  ]);
  expect(conditionsOf('(ip.src.country eq "T1" xor not ssl)')).toEqual([
    'never true: ip.src.country eq "T1"; add a request in which it is true',
    "never false: ssl; add a request in which it is false",
  ]);
  expect(prove(input([rule(old, fine)]), { gaps: true }).gaps).toEqual([]);
  expect(prove(input([rule("ip.src.contry", fine)]), { gaps: true }).gaps).toEqual([]);
});

test("a diagnostic for people: where, what, the value, what to do", () => {
  const [first] = failures({ match: [{ request: "GET /old", ipp: "x" }], pass: ["GET /"] });
  if (first === undefined) throw new Error("nothing failed");
  expect(renderProof(first)).toBe(
    'rules/my-rule.ts: rule my_rule, /examples/match/0/ipp: unknown field "ipp" [unknown-key]\n  x\n  did you mean ip?',
  );
  const { ref: _, hint: __, ...rest } = first;
  expect(renderProof({ ...rest, pointer: "", text: "", message: "it is not there" })).toBe(
    "rules/my-rule.ts: it is not there [unknown-key]",
  );
});

test("F16: a story ends before it sends more requests than a proof has time for", () => {
  const step = { request: "GET /", expect: "pass", times: 10_000 };
  const story = { story: "a", steps: Array.from({ length: 1000 }, () => ({ ...step, request: "GET /old" })) };
  const many = {
    story: "b",
    steps: [{ ...step, request: JSON.stringify(new Array(11).fill("GET /").map((request) => ({ request }))) }],
  };
  const { diagnostics } = prove(input([rule(old, fine)], [story, many]));
  expect(diagnostics.filter(({ code }) => code !== "story-differs")).toMatchObject([
    { code: "out-of-range", file: "stories/0.json", pointer: "/steps/10/times", text: "10000" },
    {
      code: "out-of-range",
      file: "stories/1.json",
      pointer: "/steps/0/times",
      message: expect.stringContaining("110000 requests up to this step, more than 100000"),
    },
  ]);
});
