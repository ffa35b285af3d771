import { beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { compile, type RequestFacts, requestFields, toBytes } from "../../../infra/rules/index.ts";
import { type Wirefilter, wirefilter } from "./wirefilter.ts";

// Against wirefilter itself, Cloudflare's engine, in the WebAssembly of @arcjet/analyze: its grammar, but only a few
// fields.

let oracle: Wirefilter;
beforeAll(async () => {
  oracle = await wirefilter();
});

/** Mostly what is right, sometimes what is wrong. */
const mostly = (right: readonly string[], wrong: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 80, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
const text = fc
  .array(
    fc.constantFrom("a", "b", "A", ".", "/", "*", "?", "\\\\", '\\"', "\\x41", "\\101", "é", " ", "\n", "#", "]"),
    {
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));
const quoted = text.map((inner) => `"${inner}"`);
const raw = mostly(['r"a"', 'r#"a"b"#', 'r"\\."', "61:62", "61-2f.62"], ['r##"x"#"##', "61", 'R"a"']);
const pattern = mostly(
  ['"a.*b"', '"^[a-c]+$"', '"(?i)A|/"', '"["]"', '"\\."', '"a{2,}"', 'r"[^/]"', '"é"'],
  ['"("', '"[é]"', "61:62"],
);
const address = mostly(
  ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7", "1.1.1.1"],
  ["1.2.3", "203.0.113.07", "::1%eth0", '"1.1.1.1"'],
);
const network = fc.oneof(
  {
    weight: 3,
    arbitrary: mostly(["203.0.113.0/24", "10/8", "2001:db8::/32", "1.1.1.1..203.0.113.9", "::/0"], ["203.0.113.7/24"]),
  },
  { weight: 1, arbitrary: address },
);
const ordering = mostly(["eq", "==", "ne", "!=", "lt", "<", "le", "<=", "gt", ">", "ge", ">="], ["EQ", "==="]);
const textField = fc.constantFrom("http.host", "http.request.uri.path");
const spaced = (...parts: fc.Arbitrary<string>[]) =>
  fc.tuple(mostly([" ", " ", " ", "\n", "  "], ["", "\t"]), ...parts).map(([space, ...rest]) => rest.join(space));
const set = (item: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.array(item, { maxLength: 3 }), mostly([" ", " ", "\n"], ["", ","]))
    .map(([items, between]) => `{${items.join(between)}}`);
const comparison = fc.oneof(
  spaced(textField, ordering, fc.oneof(quoted, raw)),
  spaced(textField, fc.constant("in"), set(quoted)),
  spaced(textField, mostly(["contains", "wildcard", "strict wildcard"], ["strict  wildcard"]), fc.oneof(quoted, raw)),
  spaced(textField, fc.constantFrom("matches", "~"), pattern),
  spaced(fc.constant("ip.src"), ordering, address),
  spaced(fc.constant("ip.src"), fc.constant("in"), set(network)),
);
const { condition } = fc.letrec<{ condition: string; simple: string }>((tie) => ({
  condition: fc
    .tuple(
      tie("simple"),
      fc.array(fc.tuple(mostly([" and ", " or ", " xor ", "&&", " || ", "^^"], [" And "]), tie("simple")), {
        maxLength: 3,
      }),
    )
    .map(([first, rest]) => first + rest.map((pair) => pair.join("")).join("")),
  simple: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    comparison,
    tie("condition").map((inner) => `(${inner})`),
    tie("condition").map((inner) => `( ${inner} )`),
    tie("simple").map((inner) => `not ${inner}`),
    tie("simple").map((inner) => `!${inner}`),
  ),
}));
const expression = fc.oneof(
  { weight: 3, arbitrary: condition },
  {
    weight: 1,
    arbitrary: fc
      .tuple(condition, fc.nat(), fc.constantFrom("", "(", ")", '"', " ", "\\", "{", "0", "#", "and"))
      .map(([whole, at, other]) => whole.slice(0, at % whole.length) + other + whole.slice((at % whole.length) + 1)),
  },
);
const request = fc.record({
  host: fc.constantFrom("a", "A.b", "b/a", "ab", "é", "B"),
  path: fc.constantFrom("/", "/a", "/a/b", "/ab"),
  ip: fc.constantFrom("203.0.113.7", "1.1.1.1", "2001:db8::7", "::1"),
});

/** What this engine's grammar does not have: a field on the right side, in production since 2026-10-01. */
const isNewer = (source: string): boolean => /(?:eq|==|ne|!=|l[te]|<=?|g[te]|>=?)\s*(?:http|ip)\./.test(source);

test("what wirefilter accepts, refuses and matches", () => {
  const verdicts = { accepted: 0, refused: 0, matching: 0 };
  fc.assert(
    fc.property(expression, request, (source, { host, path, ip }) => {
      if (isNewer(source)) return;
      const theirs = oracle.matches(source, { host, path, ip });
      const facts: RequestFacts = {
        method: "GET",
        host: toBytes(host),
        uri: path,
        version: "HTTP/1.1",
        scheme: "https",
        headers: [],
        ip,
        at: 0,
      };
      const ours = compile(source);
      verdicts[typeof theirs === "boolean" ? "accepted" : "refused"] += 1;
      if (theirs === true) verdicts.matching += 1;
      expect({ source, host, path, ip, verdict: ours.ok ? ours.matches(requestFields(facts)) : "refused" }).toEqual({
        source,
        host,
        path,
        ip,
        verdict: typeof theirs === "boolean" ? theirs : "refused",
      });
    }),
    { numRuns: 400 },
  );
  // The comparison is only meaningful where all three happen.
  expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(20);
});
