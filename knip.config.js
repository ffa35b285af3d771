import { existsSync } from "node:fs";

// What has no caller is an error (`npm run check` runs knip twice). The whole project: files, exports, types and
// dependencies that neither the program nor a test uses. With --production, the program alone: a file or an export that
// only tests use is unused too, unless its own file uses it.
const isProduction = process.argv.includes("--production");

// Parts of the kit that only its example, the chat, uses. A copy without the chat keeps them, and takes newer ones.
const KIT = [
  "backend/{client,gateway,store,text}/**",
  "backend/page/*",
  "test/{bench,real}/**",
  "test/backend/{*,store/*}",
];
const hasChat = existsSync("backend/chat");

/** @type {import("knip").KnipConfig} */
export default {
  entry: [
    "scripts/*.ts!",
    ".github/*.ts!",
    // loaded by a name that is computed, or as a process or thread of its own
    "infra/{main.mjs,index.ts,provider-only.ts}!",
    "infra/local/engine/worker.ts!",
    "backend/page/{app,follow-versions}.ts!",
    "scripts/edits/{backend,type-check}-process.ts!",
    "infra/local/console/page/console.ts!",
    "scripts/programs/code-cache.ts!",
    // what a bundle has in the place of other files
    "scripts/bundle-build/in-bundle/*.{ts,mjs}!",
    // what users import: the rules language for their policy, the typed client for their programs
    "{infra/rules,backend/client,backend/client/*}/index.ts!",
    // the grammar of entries, for the user's own features
    "backend/surface/{grammar,path,stream-grammar}.ts!",
    // what a folder exports is for all outside it, tests too
    ...(isProduction ? ["**/index.ts!", "backend/main.ts!"] : []),
    "test/**/*.test.ts",
    "test/infra/rules/lint/cases/*.ts",
    "test/bench/**/*.bench.ts",
    "test/bench/{gateway,chat/bare}-origin.ts",
    // imported by the name of the feature
    "test/backend/*/{samples,test-module}.ts",
    "test/slow/readme/added-feature.ts",
    "test/real/{disk/chat/acknowledge,pulumi/provider-plugin}.ts",
  ],
  project: ["{.github,backend,infra,cloudflared,scripts}/**/*.{ts,mjs}!", "test/**/*.ts"],
  // run by name: scripts/check.ts, scripts/format.ts, test/backend/gateway/openapi/openapi.test.ts; and types of a text
  // that test/cloudflared/deployment.test.ts makes
  ignoreDependencies: ["@biomejs/biome", "@redocly/cli", "kubernetes-types"],
  ignoreIssues: hasChat ? {} : Object.fromEntries(KIT.map((files) => [files, ["exports", "types", "files"]])),
  // programs of the machine; the tests that need them say so where they are missing
  ignoreBinaries: ["cc", "script", "taskset", "unshare", "workerd"],
  ignoreExportsUsedInFile: isProduction,
  // two names may have one value
  rules: { duplicates: "off" },
};
