import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ExampleToWrite } from "../../../infra/local/console/index.ts";
import { exampleWriter } from "../../../scripts/policy-examples/example-writer.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const RULES = "infra/policy/custom-rules";
const STORIES = "infra/policy/stories";

let project = "";
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "causeway-examples-"));
});
beforeEach(() => {
  rmSync(join(project, "infra"), { recursive: true, force: true });
  cpSync(join(ROOT, "infra/policy"), join(project, "infra/policy"), { recursive: true });
  cpSync(join(ROOT, "biome.json"), join(project, "biome.json"));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const read = (file: string) => readFileSync(join(project, file), "utf8");
const put = (file: string, text: string) => writeFileSync(join(project, file), text);
const propose = (wanted: ExampleToWrite) => exampleWriter(project).propose(wanted);
const ofRule = (ref: string, more: Partial<Extract<ExampleToWrite, { kind: "rule" }>> = {}) =>
  propose({
    kind: "rule",
    phase: "http_request_firewall_custom",
    ref,
    side: "match",
    example: "GET /.env.old",
    ...more,
  });
const ofStory = (story: string, request = "GET /.env") =>
  propose({ kind: "story", story, step: { request, expect: "block", by: "scanner_paths", status: 403 } });

/** A rule's file with other examples. */
const ruleText = (examples: string) => `import type { PolicyRule } from "../rule.ts";

export const mine: PolicyRule = {
  ref: "mine",
  description: "Mine",
  when: "ssl",
  action: "block",
  examples: ${examples},
};
`;

describe("an example of a rule", () => {
  test("is one line of the file, which stays as the formatter has it; the change is shown, and written when told", async () => {
    const before = read(`${RULES}/scanner-paths.ts`);
    const edit = await ofRule("scanner_paths");
    expect(read(`${RULES}/scanner-paths.ts`)).toBe(before);
    expect(edit.file).toBe(`${RULES}/scanner-paths.ts`);
    expect(edit.diff).toMatch(
      /^--- infra\/policy\/custom-rules\/scanner-paths\.ts\n\+\+\+ .*\n@@ -\d+,\d+ \+\d+,\d+ @@\n/,
    );
    const changed = edit.diff.split("\n").filter((line) => /^[+-](?![+-])/.test(line));
    expect(changed.filter((line) => line.startsWith("-"))).toHaveLength(1);
    expect(changed.join("\n")).toContain('"GET /.env.old"');
    edit.write();
    expect(read(`${RULES}/scanner-paths.ts`)).toBe(edit.text);
    // longer than a line now: the formatter has broken the list
    expect(edit.text).toContain('      "GET /backup.SQL",\n      "GET /.env.old",\n    ],\n');
    expect(readdirSync(join(project, RULES))).toEqual(readdirSync(join(ROOT, RULES)));
  });

  test("with a visitor, headers and fields", async () => {
    const example = {
      request: "GET /",
      visitor: "tor",
      headers: { "X-A": "it's", b: "" },
      given: { "cf.client.bot": true },
    };
    const edit = await ofRule("scanner_paths", { side: "pass", example });
    expect(edit.text).toContain(
      `{ request: "GET /", visitor: "tor", headers: { "X-A": "it's", b: "" }, given: { "cf.client.bot": true } }`,
    );
  });

  test.each<[string, string]>([
    ["one line", '{ match: ["GET /a"], pass: ["GET /b"] }'],
    ["a trailing comma and a comment", '{\n    match: [\n      "GET /a", // why\n    ],\n    pass: ["GET /b"],\n  }'],
    ["nothing in it", '{ match: [], pass: ["GET /b"] } as never'],
    ["quoted names and a cast", '({ "match": ["GET /a"] as const, pass: [] }) as never'],
    ["what code adds", '{ match: ["GET /a", ...["x"].map(String)], pass: ["GET /b"] }'],
  ])("into a list with %s", async (_what, examples) => {
    put(`${RULES}/mine.ts`, ruleText(examples));
    const { text } = await ofRule("mine");
    expect(text).toContain('"GET /.env.old"');
    const tokens = (file: string) => file.replace(/"GET \/\.env\.old"/, "").replaceAll(/[\s,]/g, "");
    expect(tokens(text)).toBe(tokens(ruleText(examples)));
  });

  test("a file that is not as the formatter has it gets the line alone", async () => {
    const own = ruleText("{ match: ['GET /a'],    pass: ['GET /b'] }");
    put(`${RULES}/mine.ts`, own);
    expect((await ofRule("mine")).text).toBe(own.replace("['GET /a']", "['GET /a', \"GET /.env.old\"]"));
    const windows = ruleText('{\n    match: [\n      "GET /a"\n    ], pass: [] }').replaceAll("\n", "\r\n");
    put(`${RULES}/mine.ts`, windows);
    expect((await ofRule("mine")).text).toBe(windows.replace('"GET /a"', '"GET /a",\r\n      "GET /.env.old"'));
  });

  test("is refused where the file has it", async () => {
    await expect(ofRule("scanner_paths", { example: "GET /.env" })).rejects.toThrow("has this example already");
  });

  test.each<[string, string | undefined, RegExp]>([
    ["that does not parse", ruleText('{ match: ["GET /a"], pass: [ }'), /mine\.ts:8 does not parse/],
    ["that makes them by code", ruleText("examplesOf({})"), /by code: .* Write it by hand: "GET \/\.env\.old"$/],
    ["with a list that code makes", ruleText('{ match: paths.map(String), pass: ["GET /"] }'), /by code/],
    [
      "with two objects of this ref",
      ruleText('{ match: ["GET /a"], pass: [] }').repeat(2).replaceAll("import", "//"),
      /several/,
    ],
    ["with another ref", ruleText('{ match: ["GET /a"], pass: [] }').replace('"mine"', '"other"'), /by code/],
    ["that is not there", undefined, /no file .*mine\.ts/],
  ])("is refused in a file %s", async (_what, text, message) => {
    if (text !== undefined) put(`${RULES}/mine.ts`, text);
    await expect(ofRule("mine")).rejects.toThrow(message);
  });

  test("a ref never becomes a path, and a symbolic link leads nowhere", async () => {
    for (const ref of ["../visitors", "../../../../etc/passwd", "/etc/passwd", "..", "", "a/b", "a\0b", "Scanner"]) {
      await expect(ofRule(ref)).rejects.toThrow();
    }
    await expect(ofRule("x", { phase: "../../x" as never })).rejects.toThrow("no file");
    put("elsewhere.ts", ruleText('{ match: ["GET /a"], pass: [] }'));
    symlinkSync(join(project, "elsewhere.ts"), join(project, RULES, "mine.ts"));
    await expect(ofRule("mine")).rejects.toThrow("symbolic link");
  });

  test("a file that has changed since is not written", async () => {
    const edit = await ofRule("scanner_paths");
    const other = `${read(edit.file)}\n// another edit\n`;
    put(edit.file, other);
    expect(() => edit.write()).toThrow("has changed meanwhile");
    expect(read(edit.file)).toBe(other);
    rmSync(join(project, edit.file));
    expect(() => edit.write()).toThrow("cannot be written");
    expect(readdirSync(join(project, RULES)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  test("the file keeps its mode", async () => {
    const edit = await ofRule("scanner_paths");
    const { mode } = statSync(join(project, edit.file));
    edit.write();
    expect(statSync(join(project, edit.file)).mode).toBe(mode);
  });
});

describe("a step of a story", () => {
  test("is the last one; the rest stays", async () => {
    const before = JSON.parse(read(`${STORIES}/scanner.json`));
    const edit = await ofStory("scanner");
    edit.write();
    const { steps, ...story } = JSON.parse(read(`${STORIES}/scanner.json`));
    expect({ ...story, steps: steps.slice(0, -1) }).toEqual(before);
    expect(steps.at(-1)).toEqual({ request: "GET /.env", expect: "block", by: "scanner_paths", status: 403 });
    expect(edit.diff.split("\n").filter((line) => /^\+ /.test(line))).toEqual([
      '+    { "request": "GET /", "expect": "pass" },',
      '+    { "request": "GET /.env", "expect": "block", "by": "scanner_paths", "status": 403 }',
    ]);
  });

  test("a story is named by its name alone, and must have steps", async () => {
    expect(exampleWriter(project).stories()).toEqual(["login-hammering", "plain-http", "scanner"]);
    for (const name of ["../visitors", "scanner.json", "none", ""])
      await expect(ofStory(name)).rejects.toThrow("no story");
    put(`${STORIES}/broken.json`, "{");
    await expect(ofStory("broken")).rejects.toThrow("not JSON");
    put(`${STORIES}/broken.json`, '{"story":"x","steps":{}}');
    await expect(ofStory("broken")).rejects.toThrow("no list of steps");
    put(`${STORIES}/broken.json`, '{"steps":[],"steps":[]}');
    await expect(ofStory("broken")).rejects.toThrow("not one list");
    mkdirSync(join(project, STORIES, "folder.json"));
    await expect(ofStory("folder")).rejects.toThrow("no story");
  });
});
