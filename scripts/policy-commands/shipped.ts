/** Files of rules and stories that come with the kit. Commands do not tell the author what these files lack. */
const SHIPPED: ReadonlySet<string> = new Set([
  ...["redirects/to-https.ts", "cache-rules/cache-bypass.ts", "cache-rules/access-not-cached.ts"],
  ...["custom-rules/scanner-paths.ts", "custom-rules/plain-http.ts", "custom-rules/not-in-surface.ts"],
  ...["rate-limits/credential-rate.ts", "rate-limits/write-rate.ts", "rate-limits/read-rate.ts"],
  ...["stories/login-hammering.json", "stories/plain-http.json", "stories/scanner.json"],
]);

const FOLDER = "infra/policy/";

/** Whether a file, named from the project's folder, comes with the kit. */
export function isShipped(file: string): boolean {
  return file.startsWith(FOLDER) && SHIPPED.has(file.slice(FOLDER.length));
}
