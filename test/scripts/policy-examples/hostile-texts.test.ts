// No text that a client has sent becomes a part of the policy's program.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import ts from "typescript";
import type { Example } from "../../../infra/policy/index.ts";
import { exampleWriter } from "../../../scripts/policy-examples/example-writer.ts";
import { addExample, hasExample } from "../../../scripts/policy-examples/rule-example.ts";
import { addStep, hasStep } from "../../../scripts/policy-examples/story-step.ts";
import { copyProject } from "../../copy-project.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const FILE = "infra/policy/custom-rules/scanner-paths.ts";
const STORY = "infra/policy/stories/scanner.json";
const [rule, story] = [FILE, STORY].map((file) => readFileSync(join(ROOT, file), "utf8")) as [string, string];
const before = { file: FILE, text: rule, ref: "scanner_paths" };

/** What ends a literal, a comment or a line in some grammar. */
const HOSTILE = [
  '"]}, process.exit(1), [{a:["',
  "'+process.exit(1)+'",
  `${"$"}{process.exit(1)}`,
  "`",
  "\\",
  '\\"',
  "\\u0022",
  "*/ process.exit(1) /*",
  "// x",
  "\u2028process.exit(1)\u2029",
  "\u202e\u2066",
  "\ufeff\u0000\u001b[2J",
  "\ud800",
  "</script>",
  "<!--",
  "__proto__",
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom(...HOSTILE, "a", " ", "\n", "\r"), { maxLength: 8 }).map((parts) => parts.join("")),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const name = text.filter((one) => one !== "__proto__");
const example: fc.Arbitrary<Example> = fc.oneof(
  text,
  fc.record(
    {
      request: text,
      visitor: text,
      headers: fc.dictionary(name, text, { noNullPrototype: true }),
      given: fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text)), { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  ),
);

test("any text of an example is one literal, and the value that is read back", () => {
  fc.assert(
    fc.property(example, fc.constantFrom("match" as const, "pass" as const), (value, side) => {
      const written = addExample(ts, before, side, value);
      expect(hasExample(ts, before, written, { side, example: value })).toBe(true);
      const added = written.slice(0, -1).length - rule.slice(0, -1).length;
      // one line more at most, and nothing invisible in it
      expect(added).toBeGreaterThan(0);
      expect(written.split("\n")).toHaveLength(rule.split("\n").length);
      expect(written).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    }),
    { numRuns: 120 },
  );
});

test("the check finds a text that did become program", () => {
  const forged = rule.replace('"GET /.env",', '"GET /.env", "GET /x", process.exit(1),');
  expect(hasExample(ts, before, forged, { side: "match", example: "GET /x" })).toBe(false);
  const elsewhere = addExample(ts, before, "match", "GET /x").replace('"block"', '"log"');
  expect(hasExample(ts, before, elsewhere, { side: "match", example: "GET /x" })).toBe(false);
  expect(() => addExample(ts, before, "match", JSON.parse('{"request":"/","headers":{"__proto__":"x"}}'))).toThrow(
    "__proto__",
  );
});

test("any text of a step is JSON, and the value that is read back", () => {
  fc.assert(
    fc.property(text, text, (request, visitor) => {
      const step = { request, visitor, expect: "any" as const };
      const written = addStep(ts, STORY, story, step);
      expect(hasStep(STORY, story, written, step)).toBe(true);
      expect(written).not.toMatch(/[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    }),
    { numRuns: 120 },
  );
});

test("the file with hostile examples is loaded, has their values, and passes the check and the proof", async () => {
  const project = mkdtempSync(join(tmpdir(), "causeway-hostile-"));
  try {
    copyProject(project, {});
    cpSync(join(ROOT, "biome.json"), join(project, "biome.json"));
    const printable = HOSTILE.map((one) => one.replace(/[\p{Cc}\p{Cs}]/gu, "")).filter((one) => one !== "__proto__");
    const queries = printable.map((one) => one.replace(/[\s#{}]/gu, ""));
    const examples: Example[] = [
      { request: "GET /.env", headers: Object.fromEntries(printable.map((one, at) => [`X-${at}`, one])) },
      { request: "GET /.env", headers: { "User-Agent": printable.join("") } },
      ...[queries.join("&"), queries.toReversed().join(""), ...queries.slice(0, 3)].map((one) => `GET /.env?${one}`),
    ];
    for (const one of examples) {
      const edit = await exampleWriter(project).propose({
        ...{ kind: "rule", phase: "http_request_firewall_custom", ref: "scanner_paths", side: "match" },
        example: one,
      });
      edit.write();
    }
    const script = `const { scannerPaths } = await import("./${FILE}"); const { SURFACE } = await import("./infra/policy/index.ts");
      console.log(JSON.stringify(scannerPaths({ surface: SURFACE }).examples.match))`;
    const run = (args: readonly string[]) => spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
    const loaded = run(["--input-type=module", "-e", script]);
    const known = JSON.parse(loaded.stdout || JSON.stringify(loaded.stderr)) as Example[];
    expect(known.slice(-examples.length)).toEqual(examples);
    for (const command of ["check", "test"]) {
      const { status, stdout, stderr } = run(["scripts/rules.ts", command]);
      expect([command, status, stdout + stderr]).toEqual([command, 0, expect.any(String)]);
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
