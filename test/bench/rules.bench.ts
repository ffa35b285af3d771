// `npm run bench -- rules`: the Rules language against plain JavaScript written by hand for the same condition, and
// whole requests against peers. Ratios are of one run; nanoseconds stand beside a calibration loop.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { matchFilters } from "@arcjet/analyze";
import { policyFor, SURFACE } from "../../infra/policy/index.ts";
import { allPaths } from "../../infra/policy/surface.ts";
import {
  compile,
  compileList,
  createEngine,
  type Deployment,
  type RequestFacts,
  requestFields,
} from "../../infra/rules/index.ts";
import { wirefilter } from "../infra/rules/wirefilter.ts";
import { type Report, runBenchmark } from "./benchmark.ts";
import { logRequests } from "./log-requests.ts";
import { type Candidate, calibration, measure, measureSlow } from "./measure.ts";

await runBenchmark({
  name: "rules",
  summary: "The Rules language against plain JavaScript for the same condition, and whole requests against peers.",
  environment: {
    BENCH_BEFORE: "folder of another checkout, whose engine is measured as well",
    BENCH_PEERS: "package.json beside which firewalker is installed",
  },
  options: {},
  run: (_options, report) => compareAll(report),
});

async function compareAll(report: Report): Promise<void> {
  const agent =
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) AppleWebKit/537.36 (KHTML, like Ge";
  const hosts = ["example.org", "chat.example.com", "www.example.net", "api.example.com"];
  const facts: readonly RequestFacts[] = Array.from({ length: 16 }, (_, i) => ({
    method: i % 3 === 0 ? "POST" : "GET",
    host: hosts[i % hosts.length] ?? "",
    uri: `/shop/item-${i}/view?page=${i}`,
    version: "HTTP/1.1",
    scheme: "https",
    headers: [
      ["User-Agent", i % 4 === 0 ? agent.replace("Googlebot/2.1", "Firefox/128.0") : agent],
      ["Accept", "*/*"],
      ["Accept-Language", "en"],
      ["Cookie", "session=0123456789abcdef"],
    ],
    ip: i % 2 === 0 ? `203.0.113.${i}` : `198.51.${i}.7`,
    at: 1_790_000_000_000,
  }));

  /** What a function written by hand is given: everything already taken apart. */
  interface Plain {
    readonly host: string;
    readonly path: string;
    readonly method: string;
    readonly agent: string;
    /** Version 4 as a number. */
    readonly ip: number;
    readonly ssl: boolean;
  }

  const number4 = (text: string): number => text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
  const plain: readonly Plain[] = facts.map(({ host, uri, method, headers, ip }) => ({
    host,
    path: uri.split("?")[0] ?? "",
    method,
    agent: headers[0]?.[1] ?? "",
    ip: number4(ip),
    ssl: true,
  }));
  const fields = facts.map((one) => requestFields(one));

  const networks = Array.from({ length: 21 }, (_, i) => [`${20 + i}.${i}.0.0`, 16 - (i % 5)] as const).map(
    ([address, length]) => {
      const size = 2 ** (32 - length);
      const first = Math.floor(number4(address) / size) * size;
      return {
        first,
        last: first + size - 1,
        text: `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join(".")}/${length}`,
      };
    },
  );
  networks[20] = { first: number4("198.51.0.0"), last: number4("198.51.255.255"), text: "198.51.0.0/16" };

  /** The expression, and what a careful programmer writes for it. */
  const single: readonly (readonly [name: string, expression: string, byHand: (request: Plain) => boolean])[] = [
    ["equality", 'http.host eq "example.org"', ({ host }) => host === "example.org"],
    [
      "21 CIDRs",
      `ip.src in {${networks.map(({ text }) => text).join(" ")}}`,
      ({ ip }) => {
        for (const { first, last } of networks) if (ip >= first && ip <= last) return true;
        return false;
      },
    ],
    ["contains, 108 bytes", 'http.user_agent contains "Googlebot"', (request) => request.agent.includes("Googlebot")],
    [
      "regular expression, 108 bytes",
      'http.user_agent matches r"(?i)googlebot/\\d+\\.\\d+"',
      (request) => /googlebot\/\d+\.\d+/i.test(request.agent),
    ],
    [
      "5-term compound",
      'ssl and http.request.method eq "GET" and http.host in {"example.org" "chat.example.com" "api.example.com"} and starts_with(http.request.uri.path, "/shop/") and not http.user_agent contains "curl"',
      ({ ssl, method, host, path, agent: sent }) =>
        ssl &&
        method === "GET" &&
        (host === "example.org" || host === "chat.example.com" || host === "api.example.com") &&
        path.startsWith("/shop/") &&
        !sent.includes("curl"),
    ],
  ];

  function compiled(expression: string, lists?: Parameters<typeof compile>[1]) {
    const result = compile(expression, lists);
    if (!result.ok) throw new Error(`${expression}: ${result.diagnostics[0]?.message}`);
    return result;
  }

  /** One call per request; a loop of its own for each candidate, so that neither is slowed by the other's types. */
  function over<T>(name: string, inputs: readonly T[], matches: (input: T) => boolean): Candidate {
    const run = new Function(
      "inputs",
      "matches",
      "let n = 0; for (let i = 0; i < inputs.length; i += 1) if (matches(inputs[i])) n += 1; return n;",
    );
    return { name, calls: inputs.length, run: () => run(inputs, matches) };
  }

  const rows: (string | number)[][] = [];
  /** `known`: the figure is known not to be reached, and said so where figures are stated: no target. */
  function tell(name: string, ours: number, theirs: number, peer: string, reach: number, known = false): void {
    const ratio = ours / theirs;
    rows.push([name, ours, theirs, peer, ratio]);
    if (!known) report.target(`${name}, against ${peer}`, ratio, "<=", reach);
  }

  function compare(name: string, ours: Candidate, theirs: Candidate, peer: string, reach: number, known = false): void {
    const [a, b] = measure([ours, theirs]);
    if (a && b) tell(name, a.nanoseconds, b.nanoseconds, peer, reach, known);
  }

  const [loop] = measure([calibration]);
  report.say(`Node ${process.version}; ${calibration.name}: ${loop?.nanoseconds.toFixed(3)} ns`);

  for (const [name, expression, byHand] of single) {
    const { matches } = compiled(expression);
    for (const [i, request] of plain.entries()) {
      if (byHand(request) !== matches(fieldsOfRequest(i))) throw new Error(`${name}: the two disagree on request ${i}`);
    }
    compare(name, over("ours", fields, matches), over("by hand", plain, byHand), "by hand", 2);
  }

  // 100 rules, none matches
  const paths = Array.from({ length: 100 }, (_, i) => `/admin-${i}`);
  const rules = paths.map((path, i) =>
    i % 2 === 0 ? `http.request.uri.path eq "${path}"` : `http.user_agent contains "scanner-${i}/" and ssl`,
  );
  const ourRules = rules.map((expression) => compiled(expression).matches);
  const byHandRules = paths.map((path, i) =>
    i % 2 === 0
      ? (request: Plain) => request.path === path
      : (request: Plain) => request.agent.includes(`scanner-${i}/`) && request.ssl,
  );
  compare(
    "100 rules, none matches",
    over("ours", fields, (request) => ourRules.some((matches) => matches(request))),
    over("by hand", plain, (request) => byHandRules.some((matches) => matches(request))),
    "by hand",
    1.5,
  );

  // lists
  const items = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => {
      const at = (i * 2_654_435_761) % 2 ** 32;
      const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
      return i % 3 === 0 ? `${dotted(at - (at % 256))}/24` : dotted(at);
    });
  const inList = (count: number) =>
    compiled("ip.src in $list", { lists: new Map([["list", compileList({ kind: "ip", items: items(count) })]]) })
      .matches;
  compare(
    "list of 10,000 against one of 10",
    over("10,000", fields, inList(10_000)),
    over("10", fields, inList(10)),
    "list of 10",
    3,
  );
  // As the Lists API answers, and as an array of texts alone: reading those is copying them, in C++, while here each is
  // checked, turned into numbers and sorted. That costs about three times as much.
  const stored = items(10_000).map((ip, i) => ({
    id: i.toString(16).padStart(32, "0"),
    ip,
    created_on: "2026-11-01T00:00:00Z",
    modified_on: "2026-11-01T00:00:00Z",
  }));
  const big: readonly string[] = JSON.parse(JSON.stringify(items(10_000)));
  const build: Candidate = {
    name: "build",
    calls: 1,
    run: () => (compileList({ kind: "ip", items: big })(7) ? 1 : 0),
  };
  for (const [what, json, known] of [
    ["JSON.parse, as the Lists API answers", JSON.stringify(stored), false],
    ["JSON.parse, texts alone", JSON.stringify(big), true],
  ] as const) {
    const parse: Candidate = { name: what, calls: 1, run: () => JSON.parse(json).length };
    compare("building a list of 10,000", build, parse, what, 1, known);
  }

  // whole requests
  const site = {
    project: "causeway",
    stack: "bench",
    role: "owner",
    zone: { name: "example.com" },
    hostnames: ["chat.example.com"],
    origin: "http://127.0.0.1:3000",
    plan: "free",
    zoneSettings: {},
  } as const;
  const { rulesets } = policyFor(site, "free");
  const deployment: Deployment = {
    plan: "free",
    zone: rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" })),
  };
  const engine = createEngine(deployment);
  const chat = facts.map((one, i) => ({ ...one, host: "chat.example.com", uri: i % 2 === 0 ? "/api/users/me" : "/" }));
  const expressions = rulesets.flatMap((ruleset) => ruleset.rules.map(({ expression }) => expression));
  report.say(
    `whole request: ${expressions.length} rules in ${rulesets.length} phases, ${expressions.join(" ").length} characters of expressions`,
  );
  const [whole] = measure([over("whole request", chat, (request) => engine.handle(request).outcome === "pass")]);
  rows.push(["whole request, all phases", whole?.nanoseconds ?? Number.NaN, Number.NaN, "-", Number.NaN]);
  await logged();

  // Peers know fewer fields; they get three rules that all of them can run.
  const shared = [
    'http.host eq "old.example.com"',
    'http.request.uri.path matches "^/wp-(?:admin|login)"',
    "ip.src in {192.0.2.0/24 198.18.0.0/15}",
  ];
  const sharedEngine = createEngine({
    plan: "business",
    zone: [
      {
        id: "shared",
        name: "shared",
        kind: "zone",
        phase: "http_request_firewall_custom",
        rules: shared.map((expression, i) => ({ ref: `rule_${i}`, expression, action: "block" })),
      },
    ],
  });
  const oursShared = over("ours", chat, (request) => sharedEngine.handle(request).outcome === "pass");
  const peerRequest = (one: RequestFacts) => ({
    ip: one.ip,
    method: one.method,
    host: one.host,
    path: one.uri,
    protocol: "https:",
    headers: Object.fromEntries(one.headers.map(([name, value]) => [name.toLowerCase(), value])),
  });
  const any = shared.map((expression) => `(${expression})`).join(" or ");
  const instance = await wirefilter();
  compare(
    "3 rules, a whole request",
    oursShared,
    over("wasm", chat, (request) => instance.matches(any, peerRequest(request)) === false),
    "wirefilter (wasm), one instance",
    1,
  );
  const [first = { ...facts[0] } as RequestFacts] = chat;
  const context = { log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }, characteristics: [] };
  const analyze = await measureSlow(20, (i) =>
    matchFilters(context as never, peerRequest(chat[i % chat.length] ?? first) as never, "{}", [any], true),
  );
  const [again] = measure([oursShared]);
  tell(
    "3 rules, a whole request",
    again?.nanoseconds ?? Number.NaN,
    analyze,
    "@arcjet/analyze (instantiates each time)",
    1,
  );
  await firewalker();

  report.table("Cases", [["case"], ["ours ns", 1], ["peer ns", 1], ["peer"], ["ratio", 2]], rows);

  /**
   * 5,000 requests as a log gives them, against the rules' expressions alone, one after another on new fields: without
   * phases, counters and verdicts. BENCH_BEFORE names the folder of another checkout whose engine is measured in the
   * same run.
   */
  async function logged(): Promise<void> {
    const requests = logRequests(5000, "chat.example.com", allPaths(SURFACE));
    const alone = expressions.map((expression) => compiled(expression, { plan: "free" }).matches);
    const ours = over("engine", requests, (request) => engine.handle(request).outcome === "pass");
    const byExpression = over("alone", requests, (request) => {
      const read = requestFields(request);
      return !alone.some((matches) => matches(read));
    });
    compare("a request of a log, all phases", ours, byExpression, "its expressions alone, new fields", 1);
    const before = process.env.BENCH_BEFORE;
    if (before === undefined) return;
    const older: { createEngine: typeof createEngine } = await import(resolve(before, "infra/rules/index.ts"));
    const [oldEngine, newEngine] = [older.createEngine(deployment), createEngine(deployment)];
    for (const [i, request] of requests.entries()) {
      if (newEngine.handle(request).by?.ref !== oldEngine.handle(request).by?.ref) {
        throw new Error(`the two engines disagree on request ${i}`);
      }
    }
    const theirs = over("before", requests, (request) => oldEngine.handle(request).outcome === "pass");
    compare("a request of a log, all phases", ours, theirs, "the engine in BENCH_BEFORE", 0.5);
  }

  function fieldsOfRequest(i: number) {
    const found = fields[i];
    if (!found) throw new Error("no such request");
    return found;
  }

  /**
   * firewalker brings native code and thirty packages, so that it is no dependency; it is measured where it is found.
   */
  async function firewalker(): Promise<void> {
    const from = createRequire(process.env.BENCH_PEERS ?? import.meta.url);
    let peer: {
      Firewall: new () => { createRule(expression: string): { match(request: unknown): boolean } };
      Request: new (url: string, init: unknown) => unknown;
    };
    try {
      peer = from("firewalker");
    } catch {
      report.say(
        "firewalker is not installed: npm install --no-save firewalker@1.0.10, or BENCH_PEERS=/folder/of/it/package.json",
      );
      return;
    }
    const rule = new peer.Firewall().createRule(any);
    const requests = chat.map(
      (one) =>
        new peer.Request(`https://${one.host}${one.uri}`, {
          method: one.method,
          headers: Object.fromEntries(one.headers),
          cf: { "ip.src": one.ip },
        }),
    );
    const nanoseconds = await measureSlow(20, (i) => rule.match(requests[i % requests.length]));
    const [ours] = measure([oursShared]);
    tell("3 rules, a whole request", ours?.nanoseconds ?? Number.NaN, nanoseconds, "firewalker", 1);
  }
}
