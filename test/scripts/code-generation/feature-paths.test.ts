import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { assertFeature, featurePaths, linesThatName } from "../../../scripts/code-generation/feature-paths.ts";
import { UsageError } from "../../../scripts/command-line/index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-paths-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const FEATURES = 'export const features = [{ name: "users" }, { name: "chat" }, { name: "shopping-list" }];\n';

test("D4: what is named after a feature belongs to it, a folder with all that is in it, and nothing else does", () => {
  write({
    "backend/features.ts": FEATURES,
    "backend/chat/chat.service.ts": "",
    "backend/chat/store/chat.ts": "",
    "backend/chats/index.ts": "",
    "backend/gateway/chat.ts": "",
    "backend/page/chat-list.ts": "",
    "backend/page/parts/chat/index.ts": "",
    "backend/users/chat.ts": "",
    "infra/policy/stories/chat.json": "",
    "infra/rules/chat.ts": "",
    "test/backend/chat/rooms.test.ts": "",
    "test/backend/page/chat.test.ts": "",
    "test/backend/store/chat.test.ts": "",
    "test/real/postgres/chat.test.ts": "",
    "test/real/postgres/my.chat.test.ts": "",
    "test/real/postgres/users/chat.test.ts": "",
    "docs/chat.md": "",
    "node_modules/chat/index.ts": "",
  });
  expect(featurePaths(root, "chat")).toEqual([
    "backend/chat",
    "backend/page/parts/chat",
    "infra/policy/stories/chat.json",
    "test/backend/chat",
    "test/backend/page/chat.test.ts",
    "test/real/postgres/chat.test.ts",
  ]);
  expect(featurePaths(root, "store")).toEqual(["test/backend/store"]);
});

test("D4: lines elsewhere that import a feature, or use what they import of it, are named", () => {
  write({
    "backend/features.ts": `import { authSurface } from "./auth/surface.ts";
import {
  type ChatRoom,
  chatSurface as rooms,
} from "./chat/surface.ts";

export const features = [
  { name: "auth", surface: authSurface, load: () => import("./auth/index.ts") },
  { name: "chat", surface: rooms, load: () => import("./chat/index.ts") },
] as const;
export type Room = ChatRoom;
`,
    "backend/all.ts": 'export * from "./chat/surface.ts";\nexport * from "./chats/surface.ts";\n',
    "backend/chat/index.ts": 'import "./surface.ts";\n',
    "infra/policy/custom-rules/index.ts": 'import { chat } from "./chat.ts";\nexport const customRules = [chat];\n',
    "infra/policy/other.ts": 'export const chat = "chat";\n',
    "ARCHITECTURE.md": `| \`backend/auth/\` | the kit's |
| \`backend/chat/\` | yours |

Read \`backend/chat/\`.
| \`backend/chat\` | all |
`,
  });
  const lines = linesThatName(root, ["backend/chat", "infra/policy/custom-rules/chat.ts"]);
  expect(lines.map(({ path, line }) => `${path}:${line}`)).toEqual([
    "ARCHITECTURE.md:2",
    "ARCHITECTURE.md:5",
    "backend/all.ts:1",
    "backend/features.ts:2",
    "backend/features.ts:3",
    "backend/features.ts:4",
    "backend/features.ts:5",
    "backend/features.ts:9",
    "backend/features.ts:11",
    "infra/policy/custom-rules/index.ts:1",
    "infra/policy/custom-rules/index.ts:2",
  ]);
});

test("D4: a feature that is not in the list is refused with those that are", () => {
  write({ "backend/features.ts": FEATURES });
  expect(() => assertFeature(root, "shopping-list")).not.toThrow();
  for (const name of ["auth", "../users", "shopping", ""]) {
    expect(() => assertFeature(root, name)).toThrow(UsageError);
    expect(() => assertFeature(root, name)).toThrow(
      `there is no feature "${name}" in backend/features.ts. The features are users, chat, shopping-list.`,
    );
  }
});
