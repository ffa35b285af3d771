// `npm run test:real [jest argument ...]`: the tests that need a tool or data that npm does not bring, one folder of test/real
// a need. What is missing is listed with the reason; nothing is skipped silently.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { onPath } from "./on-path.ts";
import { runJest } from "./run-jest.ts";

/** A folder of test/real, what makes it runnable (its environment), or why it is not. */
type Need = (env: NodeJS.ProcessEnv) => string | undefined;

const command =
  (variable: string, names: readonly string[], what: string): Need =>
  (env) => {
    const found = env[variable] ?? onPath(names, env.PATH);
    if (!found) return `no ${names.join(" or ")} on PATH and ${variable} is not set (${what})`;
    env[variable] = found;
    return undefined;
  };

const needs: Readonly<Record<string, Need>> = {
  chromium: command("CHROMIUM_BIN", ["chromium", "chromium-browser", "google-chrome"], "a Chromium for headless pages"),
  cloudflared: command("CLOUDFLARED_BIN", ["cloudflared"], "https://github.com/cloudflare/cloudflared"),
  nats: command("NATS_SERVER_BIN", ["nats-server"], "https://nats.io"),
  postgres: (env) => {
    const root = "/usr/lib/postgresql";
    const versions = existsSync(root) ? readdirSync(root) : [];
    const folder =
      env.POSTGRES_BIN ??
      versions.map((version) => join(root, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
    if (!folder) return "no PostgreSQL server found and POSTGRES_BIN (a folder with initdb) is not set";
    env.POSTGRES_BIN = folder;
    return undefined;
  },
  pulumi: (env) => {
    const missing = command("PULUMI_BIN", ["pulumi"], "https://www.pulumi.com/docs/install")(env);
    if (missing) return missing;
    return onPath(["pulumi-language-nodejs"], env.PATH)
      ? undefined
      : "no pulumi-language-nodejs on PATH (it comes with Pulumi's own install)";
  },
  readme: () => undefined, // nothing but time
  reference: (env) =>
    env.CAUSEWAY_REFERENCE
      ? undefined
      : "CAUSEWAY_REFERENCE does not name the folder with Cloudflare's schema and the conformance vectors",
  workerd: () => {
    try {
      execFileSync("workerd", ["--version"], { stdio: "ignore" });
      return undefined;
    } catch {
      return "workerd, which comes with wrangler, does not run on this machine";
    }
  },
};

const root = "test/real";
const env = { ...process.env };
const runnable: string[] = [];
const missing: string[] = [];
for (const folder of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
  const need = needs[folder.name];
  if (!need) throw new Error(`${root}/${folder.name}: scripts/test-real.ts does not know what it needs`);
  const reason = need(env);
  if (reason) missing.push(`not run: ${root}/${folder.name}: ${reason}`);
  else runnable.push(`<rootDir>/${root}/${folder.name}/**/*.test.ts`);
}

process.exitCode = runnable.length
  ? runJest(
      [
        "--testPathIgnorePatterns",
        "/node_modules/",
        "--testMatch",
        ...runnable,
        "--runInBand",
        // a limit for what hangs, not for what is slow
        "--testTimeout=120000",
        ...process.argv.slice(2),
      ],
      env,
    )
  : 0;
for (const line of missing) console.log(line);
