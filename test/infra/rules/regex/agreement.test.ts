import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { compileRegex } from "../../../../infra/rules/regex/index.ts";

const { pattern } = fc.letrec<{ pattern: string; branch: string; piece: string; atom: string }>((tie) => ({
  pattern: fc.array(tie("branch"), { minLength: 1, maxLength: 3 }).map((branches) => branches.join("|")),
  branch: fc.array(tie("piece"), { maxLength: 4 }).map((pieces) => pieces.join("")),
  piece: fc
    .tuple(tie("atom"), fc.constantFrom("", "", "", "*", "+", "?", "+?", "{2}", "{1,3}", "{2,}", "{0,2}?"))
    .map((parts) => parts.join("")),
  atom: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(
      "a",
      "b",
      "c",
      ".",
      "[ab]",
      "[^a]",
      "\\w",
      "\\s",
      "^",
      "$",
      "\\b",
      "\\B",
      "\\b{start}",
      "\\b{end-half}",
      "\\n",
      "\\xff",
    ),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?im-s:${inner})`),
  ),
}));
const input = fc
  .array(fc.constantFrom("a", "b", "c", "A", "_", " ", "\n", "\r", "\xff"), { maxLength: 12 })
  .map((chars) => chars.join(""));

test("all matchers agree on random patterns and inputs", () => {
  fc.assert(
    fc.property(pattern, fc.array(input, { minLength: 1, maxLength: 5 }), (source, inputs) => {
      const [fastest, automaton] = [compileRegex(source), compileRegex(source, { matcher: "automaton" })];
      if (!fastest.ok || !automaton.ok) throw new Error(`${source} is refused`);
      for (const text of inputs) {
        const groups = fastest.find(text);
        expect([fastest.test(text), automaton.test(text)]).toEqual([groups !== undefined, groups !== undefined]);
      }
    }),
    { numRuns: 200 },
  );
});

test("counted runs agree with copied ones", () => {
  const counted = fc.constantFrom(
    "x[ab]{256}y",
    "[ab]{256,}y",
    "(?:x|[ab]{257}){1,2}y",
    "(?:[ab]{256}x?){2}",
    "x[ab]{256,300}y",
    "\\b[^x]{256}\\b",
    "x.{0,300}y$",
    "^(?:x{0,2}[ab]{260}){0,3}$",
  );
  const run = fc.tuple(
    fc.constantFrom("a", "b", "x", "y", "xx", "x y", "\n"),
    fc.integer({ min: 250, max: 310 }),
    fc.constantFrom("ab", "a"),
  );
  const long = fc
    .array(run, { minLength: 1, maxLength: 4 })
    .map((runs) => `${runs.map(([before, length, of]) => before + of.repeat(length).slice(0, length)).join("")}y`);
  fc.assert(
    fc.property(counted, long, (source, text) => {
      const regex = compileRegex(source, { matcher: "automaton" });
      if (!regex.ok) throw new Error(`${source} is refused`);
      // Twice: what was counted before must be forgotten.
      expect([regex.test(text), regex.test(text)]).toEqual(Array(2).fill(regex.find(text) !== undefined));
    }),
    { numRuns: 150 },
  );
});

test("groups are JavaScript's where both languages mean the same", () => {
  const simple = fc
    .array(fc.constantFrom("a", "b", "(a|ab)", "(b+)", "(a?b)", "(?:a|b)+?", "(c|bc)", ".", "b*"), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(simple, input, (source, text) => {
      const regex = compileRegex(source);
      if (!regex.ok) throw new Error(`${source} is refused`);
      const expected = new RegExp(source.replaceAll(".", "[^\\n]"), "d").exec(text)?.indices;
      expect(regex.find(text)).toEqual(expected ? [...expected] : undefined);
    }),
    { numRuns: 1000 },
  );
});

test("any text is a pattern or refused with a reason inside it", () => {
  const tokens = fc.constantFrom(
    ..."()[]{}|*+?.^$\\-&~:,<>#=! \n1aPpux",
    "(?",
    "[^",
    "[[:",
    "&&",
    "\\x",
    "\\u{",
    "{2,",
    "(?P<",
    "(?x)",
    "\xc3",
    "\xa9",
  );
  const text = fc.oneof(
    fc.array(tokens, { maxLength: 20 }).map((parts) => parts.join("")),
    fc.string({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(text, (source) => {
      const regex = compileRegex(source);
      if (regex.ok) expect(typeof regex.test("abc")).toBe("boolean");
      else {
        expect(regex.message).not.toBe("");
        expect(regex.at).toBeGreaterThanOrEqual(0);
        expect(regex.at).toBeLessThanOrEqual(source.length);
      }
    }),
    { numRuns: 3000 },
  );
});
