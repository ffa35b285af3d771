import { expect, test } from "@jest/globals";
import type { Rule, Ruleset } from "../../../infra/rules/index.ts";
import { ruleChanges, ruleChangesLine } from "../../../scripts/edits/rule-changes.ts";
import { runAgain } from "../../../scripts/edits/run-again.ts";
import { typeReports } from "../../../scripts/edits/type-checks.ts";

const rulesets = (...rules: (Partial<Rule> & { readonly version?: string })[]): readonly Ruleset[] => [
  {
    ...{ id: "1", name: "n", kind: "zone", phase: "http_request_firewall_custom" },
    rules: rules.map((rule) => ({ expression: "true", action: "block", ...rule })),
  },
];

test("D2: rules are compared by what they do, whatever ids and versions Cloudflare gives them", () => {
  const before = rulesets({ ref: "a", id: "1", version: "1" }, { ref: "b" }, { ref: "c" });
  const after = rulesets({ ref: "a", id: "2", version: "2" }, { ref: "b", expression: "false" }, { ref: "d" });
  expect(ruleChanges(before, after)).toEqual({ added: ["d"], changed: ["b"], removed: ["c"] });
  expect(ruleChangesLine(ruleChanges(before, after))).toBe("new: d; changed: b; removed: c");
  expect(ruleChangesLine(ruleChanges(before, before))).toBe("no rule changed");
});

test("D2: what is requested while a task runs is done once after it, and nothing after the end", async () => {
  const begun: (() => void)[] = [];
  const task = runAgain(() => new Promise<void>((resolve) => begun.push(resolve)));
  const next = () => new Promise((resolve) => setImmediate(resolve));
  task.request();
  task.request();
  task.request();
  expect(begun).toHaveLength(1);
  begun[0]?.();
  await next();
  expect(begun).toHaveLength(2);
  begun[1]?.();
  await next();
  expect(begun).toHaveLength(2);
  task.request();
  expect(begun).toHaveLength(3);
  task.request();
  const closed = task.close();
  begun[2]?.();
  await closed;
  task.request();
  await next();
  expect(begun).toHaveLength(3);
});

test("D2: mistakes of types are told when they change, with file, line and column", () => {
  const linesOf = typeReports();
  const problem = { file: "backend/chat/index.ts", line: 3, column: 7, message: "Cannot find name 'x'.", code: 2304 };
  const line = "backend/chat/index.ts:3:7 Cannot find name 'x'. (TS2304)";
  expect(linesOf({ config: "tsconfig.json", problems: [] })).toEqual([]);
  expect(linesOf({ config: "backend/page/tsconfig.json", problems: [] })).toEqual(["no errors"]);
  expect(linesOf({ config: "tsconfig.json", problems: [problem] })).toEqual(["1 error", line]);
  // a file that both configurations have is named once
  expect(linesOf({ config: "backend/page/tsconfig.json", problems: [problem] })).toEqual([]);
  expect(linesOf({ config: "tsconfig.json", problems: [] })).toEqual([]);
  expect(linesOf({ config: "backend/page/tsconfig.json", problems: [] })).toEqual(["no errors"]);
  const many = Array.from({ length: 12 }, (_, at) => ({ ...problem, line: at + 1 }));
  const lines = linesOf({ config: "tsconfig.json", problems: many });
  expect([lines.length, lines[0], lines.at(-1)]).toEqual([12, "12 errors", "2 more; `npm run check` lists all"]);
});
