import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

/**
 * Imports that the rules of `.dependency-cruiser.mjs` reject, in a tree of files that has nothing else. Its features
 * are another list than the kit's: the rules read the names in `backend/features.ts`.
 */
const FEATURES = ["users", "sessions", "todos"];
const REJECTED: readonly (readonly [rule: string, from: string, to: string])[] = [
  ["kit-knows-no-feature", "backend/gateway/index.ts", "backend/users/index.ts"],
  ["kit-knows-no-feature", "backend/gateway/http/handler.ts", "backend/todos/surface.ts"],
  ["kit-knows-no-feature", "backend/store/index.ts", "backend/todos/index.ts"],
  ["kit-knows-no-feature", "backend/surface/grammar.ts", "backend/sessions/surface.ts"],
  ["kit-knows-no-feature", "backend/mail/index.ts", "backend/users/index.ts"],
  ["kit-knows-no-feature", "backend/contract/index.ts", "backend/todos/index.ts"],
  ["kit-knows-no-feature", "backend/nodes/index.ts", "backend/todos/index.ts"],
  ["kit-knows-no-feature", "backend/text/name.ts", "backend/users/index.ts"],
  ["kit-knows-no-feature", "backend/throttle/throttle.ts", "backend/sessions/index.ts"],
  ["kit-knows-no-feature", "backend/config.ts", "backend/users/index.ts"],
  ["users-imports-no-later-feature", "backend/users/profile.ts", "backend/sessions/index.ts"],
  ["users-imports-no-later-feature", "backend/users/profile.ts", "backend/todos/index.ts"],
  ["sessions-imports-no-later-feature", "backend/sessions/token.ts", "backend/todos/index.ts"],
  ["users-has-one-index", "backend/todos/todos.service.ts", "backend/users/profile.ts"],
  ["users-has-one-index", "scripts/user.ts", "backend/users/profile.ts"],
  ["sessions-has-one-index", "backend/todos/todos.service.ts", "backend/sessions/token.ts"],
  ["todos-has-one-index", "backend/page/app.ts", "backend/todos/todos.service.ts"],
  ["gateway-has-one-index", "backend/todos/todos.service.ts", "backend/gateway/http/handler.ts"],
  ["gateway-calls-actions", "backend/gateway/index.ts", "backend/store/index.ts"],
  ["gateway-calls-actions", "backend/gateway/index.ts", "backend/mail/index.ts"],
  ["store-serves-all", "backend/store/index.ts", "backend/gateway/index.ts"],
  ["start-is-on-top", "backend/todos/todos.service.ts", "backend/broker.ts"],
  ["configuration-has-no-circle", "backend/mail/index.ts", "backend/config.ts"],
];
/** Imports that no rule rejects. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ["backend/todos/todos.service.ts", "backend/users/index.ts"],
  ["backend/todos/todos.service.ts", "backend/store/index.ts"],
  ["backend/todos/todos.service.ts", "backend/gateway/index.ts"],
  ["backend/users/profile.ts", "backend/mail/index.ts"],
  ["backend/main.ts", "backend/gateway/index.ts"],
  ["scripts/user.ts", "backend/users/index.ts"],
];
/** Two folders below one folder, and two of the backend, that import each other through different files. */
const CIRCLES: readonly (readonly [from: string, to: string])[] = [
  ["backend/gateway/limits/limits.ts", "backend/gateway/openapi/document.ts"],
  ["backend/gateway/openapi/responses.ts", "backend/gateway/limits/table.ts"],
  ["backend/store/tables.ts", "backend/throttle/throttle.ts"],
  ["backend/throttle/turns.ts", "backend/store/index.ts"],
];

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

let folder = "";
let violations: readonly Violation[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-imports-"));
  for (const file of [".dependency-cruiser.mjs", "tsconfig.json", "package.json"]) cpSync(file, join(folder, file));
  const files = new Map<string, string[]>();
  for (const [from, to] of [...REJECTED.map(([, from, to]) => [from, to] as const), ...ALLOWED, ...CIRCLES]) {
    const path = relative(dirname(from), to);
    files.set(from, [...(files.get(from) ?? []), `import "${path.startsWith(".") ? path : `./${path}`}";`]);
    if (!files.has(to)) files.set(to, []);
  }
  const listed = FEATURES.map((name) => `  { name: "${name}", load: () => import("./${name}/index.ts") },`);
  files.set("backend/features.ts", ["export const features = [", ...listed, "];"]);
  for (const [path, lines] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), `${lines.join("\n")}\nexport {};\n`);
  }
  const cruise = resolve("node_modules/dependency-cruiser/bin/dependency-cruiser.mjs");
  const options = ["--config", ".dependency-cruiser.mjs", "--output-type", "json", "backend", "scripts"];
  const output = execFileSync(process.execPath, [cruise, ...options], { cwd: folder, encoding: "utf8" });
  violations = (JSON.parse(output) as { readonly summary: { readonly violations: readonly Violation[] } }).summary
    .violations;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rulesOf = (from: string, to: string): readonly string[] =>
  violations.filter((one) => one.from === from && one.to === to).map(({ rule }) => rule.name);

test.each(REJECTED)("H7: %s rejects %s that imports %s", (rule, from, to) => {
  expect(rulesOf(from, to)).toContain(rule);
});

test.each(ALLOWED)("H7: %s may import %s", (from, to) => {
  expect(rulesOf(from, to)).toEqual([]);
});

test("H7: two folders of the backend that import each other are a circle, also where their files are not", () => {
  expect(rulesOf("backend/gateway/limits", "backend/gateway/openapi")).toEqual(["no-cycles-of-folders"]);
  expect(rulesOf("backend/store", "backend/throttle")).toEqual(["no-cycles-of-folders"]);
  expect(rulesOf("backend/gateway/limits/limits.ts", "backend/gateway/openapi/document.ts")).toEqual([]);
});
