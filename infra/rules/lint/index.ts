/**
 * Lints over a whole policy: what Cloudflare would refuse, what is probably a mistake, and style. `README.md` lists
 * them.
 */
export { applyEdits } from "./fix.ts";
export type { Edit, Finding, Lint, LintInput, LintInputRuleset, SourcePlace } from "./lint.ts";
export { LINTS } from "./registry.ts";
export { githubReport } from "./report/github.ts";
export { jsonReport } from "./report/json.ts";
export { sarifReport } from "./report/sarif.ts";
export { textReport } from "./report/text.ts";
export { lint } from "./run.ts";
