// Visitors: what Cloudflare knows of a sender, as objects and as the text of Local-Visitor.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  compile,
  completeFromVisitor,
  FIELDS,
  MAX_VISITOR_LENGTH,
  mergeVisitors,
  parseRequests,
  parseVisitor,
  type RequestFacts,
  requestFields,
  SCHEMA,
  VISITOR_NAMES,
  type Visitor,
  visitorProblems,
  withVisitor,
} from "../../../../infra/rules/index.ts";

const request = (line: string): RequestFacts => {
  const parsed = parseRequests(line);
  if (!parsed.ok || !parsed.requests[0]) throw new Error("no request");
  return parsed.requests[0];
};
const read = (text: string): Visitor => {
  const parsed = parseVisitor(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.visitor;
};
const refused = (text: string): string => {
  const parsed = parseVisitor(text);
  return parsed.ok ? "accepted" : `${parsed.code}: ${parsed.message}`;
};
const matches = (expression: string, facts: RequestFacts): boolean => {
  const compiled = compile(expression, { plan: "enterprise" });
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  return compiled.matches(requestFields(facts));
};

test("A2: a visitor in one line gives address, user agent and fields, each with its type", () => {
  expect(read("ip=203.0.113.7; country=DE; bot_score=2")).toEqual({
    ip: "203.0.113.7",
    fields: { "ip.src.country": "DE", "cf.bot_management.score": 2 },
  });
  expect(read(`user_agent="Mozilla/5.0 (X11; \\"x\\")" ;verified_bot = true ; asn=64496;`)).toEqual({
    userAgent: 'Mozilla/5.0 (X11; "x")',
    fields: { "cf.bot_management.verified_bot": true, "ip.src.asnum": 64496 },
  });
  expect(read("ip=2001:DB8::0001; city=Köln am Rhein ;region=")).toEqual({
    ip: "2001:db8::1",
    fields: { "ip.src.city": "Köln am Rhein", "ip.src.region": "" },
  });
  expect(read("asn=AS64496; country=DE").fields).toEqual({ "ip.src.asnum": 64496, "ip.src.country": "DE" });
  // full names, an old name, arrays
  expect(
    read("ip.src=192.0.2.1; http.user_agent=a; ip.geoip.country=FR; cf.bot_management.detection_ids=1, -2"),
  ).toEqual({
    ip: "192.0.2.1",
    userAgent: "a",
    fields: { "ip.src.country": "FR", "cf.bot_management.detection_ids": [1, -2] },
  });
  expect(read("cf.waf.content_scan.obj_types=").fields).toEqual({ "cf.waf.content_scan.obj_types": [] });
});

test("A2: a text that describes no visitor is refused with the reason and the known names", () => {
  expect(refused("contry=DE")).toMatch(/^unknown-name: "contry" is no property of a visitor; did you mean country/);
  for (const { name } of VISITOR_NAMES) expect(refused("x=1")).toContain(` ${name} (`);
  expect(refused("http.host=a")).toMatch(/^unknown-name: http.host is not a property of a visitor/);
  expect(refused("cf.zone.plan=ENT")).toMatch(/^unknown-name: cf.zone.plan is not a property/);
  expect(refused("country=DE; ip.geoip.country=FR")).toMatch(/^repeated: "ip.geoip.country" gives ip.src.country/);
  expect(refused("country=Germany")).toBe(
    'wrong-value: "country" is "Germany", but it must be two capital letters of ISO 3166-1 such as DE, or XX (unknown) or T1 (Tor)',
  );
  expect(refused("bot_score=100")).toMatch(/whole number from 0 to 99$/);
  expect(refused("asn=AS")).toMatch(/must be a whole number$/);
  expect(refused("city=AS1; asn=ASx1")).toMatch(/^wrong-value: "asn" is "ASx1"/);
  expect(refused("bot_score=two")).toMatch(/must be a whole number$/);
  expect(refused("verified_bot=yes")).toMatch(/must be true or false$/);
  expect(refused("ip=10.0.0.256")).toMatch(/must be an address of IPv4 or IPv6$/);
  expect(refused("threat_score=5")).toMatch(/must be 0, because Cloudflare retired it$/);
  expect(refused("cf.bot_management.detection_ids=1,a")).toMatch(/each of its elements.*must be a whole number$/);
  expect(refused("http.request.jwt.claims.aud=a")).toMatch(/Map<Array<String>> cannot be written here/);
  for (const text of [
    "",
    " ",
    ";",
    "DE",
    "=DE",
    "country",
    'user_agent="a',
    'user_agent="a"b',
    'city=a"; "',
    "a b=1",
  ]) {
    expect(refused(text)).toMatch(/^(syntax|unknown-name): .*write NAME=VALUE, divided by semicolons/);
  }
  expect(refused("country=DE, bot_score=2")).toBe(
    "syntax: a comma stands before bot_score; write a semicolon, or the whole value of country in double quotes",
  );
  expect(refused('city="a, country=DE"; region=b, c=d')).toBe("accepted");
  expect(refused("city=a\r\nX-Admin: 1")).toMatch(/^syntax: the visitor has a control character at position 7/);
  expect(refused(`city=${"a".repeat(MAX_VISITOR_LENGTH)}`)).toMatch(/^too-long: .*the limit is 2048$/);
  expect(refused("a=1;".repeat(33))).toMatch(/^too-many: the visitor has 33 values; the limit is 32$/);
});

test("A2: a rule on country, ASN, bot score or user agent sees the visitor", () => {
  const visitor = read("ip=203.0.113.7; country=DE; asn=64496; bot_score=2; user_agent=curl/8; city=Köln");
  const facts = withVisitor(request('GET / from 198.18.0.1 as "Mozilla/5.0" given ip.geoip.country=US'), visitor);
  for (const expression of [
    'ip.src.country eq "DE" and ip.geoip.country eq "DE"',
    "ip.src.asnum in {64496} and ip.src in {203.0.113.0/24}",
    "cf.bot_management.score lt 10",
    'http.user_agent eq "curl/8"',
    'all(http.request.headers["user-agent"][*] eq "curl/8")',
    'ip.src.city eq "Köln"',
  ]) {
    expect([expression, matches(expression, facts)]).toEqual([expression, true]);
  }
  expect(withVisitor(request("GET /"), {})).toEqual(request("GET /"));
});

test("a visitor completes a request without changing what it says", () => {
  const ordinary: Visitor = {
    ip: "198.18.0.1",
    userAgent: "Mozilla/5.0",
    headers: { "Accept-Language": "en" },
    fields: { "ip.src.country": "US", "ip.src.asnum": 64500 },
  };
  const facts = completeFromVisitor(request('GET / from 192.0.2.1 as "curl/8" given ip.geoip.country=FR'), ordinary);
  expect(facts).toMatchObject({ ip: "192.0.2.1", given: { "ip.geoip.country": "FR", "ip.src.asnum": 64500 } });
  expect(facts.given).not.toHaveProperty(["ip.src.country"]);
  expect(facts.headers).toEqual([
    ["Host", "example.com"],
    ["User-Agent", "curl/8"],
    ["Accept-Language", "en"],
  ]);
  expect(completeFromVisitor(request("GET /"), {})).toEqual(request("GET /"));
  expect(
    mergeVisitors(ordinary, { userAgent: "bot", headers: { a: "b" }, fields: { "ip.src.country": "T1" } }),
  ).toEqual({
    ip: "198.18.0.1",
    userAgent: "bot",
    headers: { "Accept-Language": "en", a: "b" },
    fields: { "ip.src.country": "T1", "ip.src.asnum": 64500 },
  });
  expect(mergeVisitors({}, {})).toEqual({});
});

test("the texts of a visitor's arrays and maps become bytes", () => {
  const fields = {
    "cf.llm.prompt.pii_categories": ["é"],
    "http.request.jwt.claims.aud": { é: ["ü"] },
    "http.request.jwt.claims.iss": new Map([["é", ["ü"]]]),
    "cf.client.bot": false,
  };
  expect(visitorProblems({ fields })).toEqual([]);
  expect(withVisitor(request("GET /"), { fields }).given).toEqual({
    "cf.llm.prompt.pii_categories": ["\xc3\xa9"],
    "http.request.jwt.claims.aud": { "\xc3\xa9": ["\xc3\xbc"] },
    "http.request.jwt.claims.iss": new Map([["\xc3\xa9", ["\xc3\xbc"]]]),
    "cf.client.bot": false,
  });
});

test("a visitor that was written as an object is checked member by member", () => {
  expect(visitorProblems({})).toEqual([]);
  expect(
    visitorProblems({ ip: "203.0.113.7", userAgent: "a\tb", headers: { A: "b" }, fields: { "ip.src.country": "DE" } }),
  ).toEqual([]);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ["DE", /^a visitor is an object .* but this is "\\"DE\\""$/],
    [[], /^a visitor is an object/],
    [{ country: "DE" }, /^"country" is not part of a visitor; there are ip, userAgent, headers, fields$/],
    [{ ip: "x" }, /^"ip" is .* must be an address/],
    [{ ip: 1n }, /^"ip" is 1, but/],
    [{ userAgent: "a\r\nb" }, /^"userAgent" is .* without control characters$/],
    [{ headers: 1 }, /^"headers" is "1", but it must be an object/],
    [{ headers: { "a b": "c" } }, /^"a b" is not the name of a header$/],
    [{ headers: { "Content-Length": "5" } }, /^the header Content-Length is no property of a visitor; remove it$/],
    [{ headers: { a: 1 } }, /^"headers.a" is "1"/],
    [{ fields: "x" }, /^"fields" is .* must be an object/],
    [{ fields: { "ip.src": "203.0.113.7" } }, /written as "ip"/],
    [{ fields: { "http.user_agent": "a" } }, /written as "userAgent"/],
    [{ fields: { country: "DE" } }, /^"country" is written as ip.src.country here$/],
    [{ fields: { "ip.src.contry": "DE" } }, /did you mean ip.src.country/],
    [{ fields: { "ip.src.country": 1 } }, /^ip.src.country is String, but the value given for it is 1$/],
    [{ fields: { "ip.src.country": "de" } }, /^ip.src.country is "\\"de\\"", but it must be two capital letters/],
    [{ fields: { "cf.bot_management.score": 100 } }, /from 0 to 99$/],
    [{ fields: { "cf.client.bot": undefined } }, /value given for it is undefined$/],
  ];
  for (const [visitor, expected] of wrong) {
    expect(visitorProblems(visitor)).toHaveLength(1);
    expect(visitorProblems(visitor)[0]).toMatch(expected);
  }
});

test("any text is read or refused with a code and a message", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "country=DE",
      "ip=::1",
      ";",
      "=",
      '"',
      "\\",
      ",",
      " ",
      "city=",
      "bot_score=1",
      ...FIELDS.map(({ name }) => name),
    ),
    fc.string({ unit: "binary", maxLength: 12 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join("");
      const parsed = parseVisitor(text);
      if (!parsed.ok) {
        expect(parsed.message).toMatch(/^[^\n]{10,8000}[^.]$/u);
        return;
      }
      expect(visitorProblems(parsed.visitor)).toEqual([]);
      const facts = withVisitor(request("GET /"), parsed.visitor);
      expect(withVisitor(facts, parsed.visitor)).toEqual(facts);
      const fields = requestFields(facts);
      for (const name of Object.keys(parsed.visitor.fields ?? {})) {
        expect(fields.read(SCHEMA.fields.get(name)?.slot ?? -1)).toBeDefined();
      }
    }),
  );
});

test("what is written is what is read, whatever its characters", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => !/\p{Cc}/u.test(value));
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 99 }), fc.ipV6(), (agent, city, score, ip) => {
      const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
      const visitor = read(`user_agent=${quoted(agent)};bot_score=${score} ; city=${quoted(city)}; ip=${ip}`);
      expect(visitor.userAgent).toBe(agent);
      expect(visitor.fields).toEqual({ "cf.bot_management.score": score, "ip.src.city": city });
      expect(matches(`ip.src eq ${visitor.ip}`, withVisitor(request("GET /"), { ip }))).toBe(true);
    }),
  );
});

test("F9: a visitor that is no plain data is a problem and no error", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.again = cyclic;
  const deep: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000));
  expect(visitorProblems({ ip: { a: 1n } })).toEqual([expect.stringContaining('"ip" is "an object"')]);
  expect(visitorProblems({ ip: 5n })).toEqual([expect.stringContaining('"ip" is 5')]);
  expect(visitorProblems({ ip: cyclic })).toEqual([expect.stringMatching(/plain data: \/ip\/again: .*holds itself/)]);
  for (const visitor of [deep, { ip: deep }, { fields: { "ip.src.country": deep } }, { headers: { a: deep } }])
    expect(visitorProblems(visitor)).toEqual([expect.stringContaining("in one another")]);
});
