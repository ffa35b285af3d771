/** A copy of the project in which a test changes files: the policy is code, and its files are the user's. */
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Folders that the program and the commands are made of. */
const FOLDERS = ["infra", "backend", "scripts", "cloudflared"];

/** Copies the project into a folder, with these files in the place of its own. Packages are linked. */
export function copyProject(into: string, files: Readonly<Record<string, string>>): void {
  for (const folder of FOLDERS) cpSync(join(root, folder), join(into, folder), { recursive: true });
  for (const name of ["node_modules", "package.json"])
    if (!existsSync(join(into, name))) symlinkSync(join(root, name), join(into, name));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(into, name)), { recursive: true });
    writeFileSync(join(into, name), text);
  }
}

/** A list of the policy, as its file. */
export const listFile = (items: readonly { readonly value: string; readonly comment?: string }[]): string =>
  `import type { PolicyList } from "../list.ts";
export const office: PolicyList = {
  name: "office",
  kind: "ip",
  description: "Addresses that may see /admin",
  items: ${JSON.stringify(items)},
};
`;

/** The policy with the list `office`, and a rule before all others that asks it. */
export const policyWithList = (
  items: Parameters<typeof listFile>[0] = [{ value: "203.0.113.7", comment: "Ada" }, { value: "2001:DB8:0::/48" }],
): Readonly<Record<string, string>> => ({
  "infra/policy/lists/office.ts": listFile(items),
  "infra/policy/lists/index.ts": `import type { PolicyList } from "../list.ts";
import { office } from "./office.ts";
export const lists: readonly PolicyList[] = [office];
`,
  "infra/policy/custom-rules/admin-only.ts": `import type { PolicyRule } from "../rule.ts";
export const adminOnly: PolicyRule = {
  ref: "admin_only",
  description: "Block /admin outside the office",
  when: 'http.request.uri.path eq "/admin" and not ip.src in $office',
  action: "block",
  examples: {
    match: [{ request: "GET /admin", ip: "198.51.100.1" }],
    pass: [{ request: "GET /admin", ip: "2001:db8::9" }, "GET /"],
  },
};
`,
  "infra/policy/custom-rules/index.ts": `import type { RuleFile } from "../rule.ts";
import { adminOnly } from "./admin-only.ts";
import { notInSurface } from "./not-in-surface.ts";
import { plainHttp } from "./plain-http.ts";
import { scannerPaths } from "./scanner-paths.ts";
export const customRules: readonly RuleFile[] = [adminOnly, scannerPaths, plainHttp, notInSurface];
`,
});
