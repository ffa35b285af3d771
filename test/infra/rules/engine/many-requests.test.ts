// One engine takes many requests: what it reuses between them must neither show nor cost.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  createEngine,
  type Deployment,
  type RequestFacts,
  type Rule,
  type Verdict,
} from "../../../../infra/rules/index.ts";
import { path, request, ruleset } from "./deployment.ts";

const FIREWALL = "http_request_firewall_custom";
const rules: readonly Rule[] = [
  { ref: "logged", expression: 'lower(http.user_agent) contains "bot"', action: "log" },
  { ref: "lenient", expression: path("/skip"), action: "skip", action_parameters: { phase: "current" } },
  { ref: "country", expression: 'ip.src.country eq "DE" and http.host wildcard "*.EXAMPLE.com"', action: "block" },
  { ref: "scanner", expression: scanned("lower(http.request.uri.path)"), action: "managed_challenge" },
];
const deployment: Deployment = {
  plan: "enterprise",
  zone: [
    ruleset(FIREWALL, rules),
    ruleset("http_request_cache_settings", [
      {
        ref: "bypass",
        expression: 'not http.cookie eq ""',
        action: "set_cache_settings",
        action_parameters: { cache: false },
      },
    ]),
  ],
};

function scanned(field: string): string {
  const parts = ["/.git", "/.env", "/wp-"].map((part) => `${field} contains "${part}"`);
  return [...parts, `ends_with(${field}, ".php")`].join(" or ");
}

const anyRequest: fc.Arbitrary<RequestFacts> = fc
  .record({
    uri: fc.constantFrom("/", "/.ENV", "/a.php", "/skip", "/x?y=1"),
    host: fc.constantFrom("chat.example.com", "CHAT.Example.com", "other.org"),
    agent: fc.constantFrom("", "Googlebot", "curl"),
    cookie: fc.constantFrom("", "a=b"),
    country: fc.constantFrom(undefined, "DE", "FR"),
    clearance: fc.boolean(),
  })
  .map(({ uri, host, agent, cookie, country, clearance }) => {
    const headers = [
      ...(agent ? [["User-Agent", agent] as const] : []),
      ...(cookie ? [["Cookie", cookie] as const] : []),
    ];
    return request(uri, { host, headers, clearance, ...(country && { given: { "ip.src.country": country } }) });
  });

const seen = (verdict: Verdict) => JSON.parse(JSON.stringify(verdict)) as unknown;

test("R10: a request is judged as if it were the engine's first, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(anyRequest, { minLength: 2, maxLength: 12 }), (requests) => {
      const engine = createEngine(deployment);
      const verdicts = requests.map((facts) => engine.handle(facts));
      // read when all have passed: why a rule matched is found out late
      expect(verdicts.map(seen)).toEqual(requests.map((facts) => seen(createEngine(deployment).handle(facts))));
    }),
  );
});

test("R10: a verdict says why its rule matched after other requests have passed, in JSON too", () => {
  const engine = createEngine(deployment);
  const verdict = engine.handle(request("/a.php", { given: { "ip.src.country": "FR" } }));
  engine.handle(request("/other"));
  const why = 'ends_with(lower(http.request.uri.path), ".php") is true';
  expect(verdict.by?.why).toBe(why);
  expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({ outcome: "challenge", by: { ref: "scanner", why } });
});

test("R10: a request that passes costs less than 1,000 bytes of garbage", () => {
  const engine = createEngine(deployment);
  const requests = Array.from({ length: 1000 }, (_, i) =>
    request(`/room/${i}`, { given: { "ip.src.country": "FR" }, ip: `203.0.113.${i % 250}` }),
  );
  const takeAll = () => {
    const before = process.memoryUsage().heapUsed;
    for (const facts of requests) engine.handle(facts);
    return (process.memoryUsage().heapUsed - before) / requests.length;
  };
  for (let round = 0; round < 20; round += 1) takeAll();
  // rounds in which the garbage collector ran are not counted
  const bytes = Array.from({ length: 40 }, takeAll)
    .filter((each) => each > 0)
    .sort((a, b) => a - b);
  expect(bytes.length).toBeGreaterThan(5);
  expect(bytes[bytes.length >> 1]).toBeLessThan(1000);
});
