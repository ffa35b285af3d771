/**
 * The Cloudflare provider of a rehearsal: the plugin that `up` uses where it is installed, or else our own provider.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startProviderServer } from "../../infra/local/provider/grpc/index.ts";

/** Milliseconds at most between the tries of a call by our own provider. */
const LONGEST_WAIT_MS = 1_000;

export interface RehearsedProvider {
  /** What it is, for the operator. */
  readonly name: string;
  /** Variables that the CLI needs to find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes it known to a CLI whose PULUMI_HOME is this folder. */
  install(home: string): void;
  close(): Promise<void>;
}

/**
 * Opens the provider. `root` is the project's folder: the plugin's version is that of its `@pulumi/cloudflare`, as the
 * CLI chooses it. Plugins are kept in `plugins/` of PULUMI_HOME, by default `~/.pulumi`
 * (https://www.pulumi.com/docs/iac/concepts/plugins/).
 */
export async function openProvider(
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RehearsedProvider> {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(root, "node_modules/@pulumi/cloudflare/package.json"), "utf8"),
  );
  const folder = `resource-cloudflare-v${version}`;
  const installed = join(env.PULUMI_HOME || join(homedir(), ".pulumi"), "plugins", folder);
  if (isPlugin(installed)) {
    return {
      name: `Cloudflare's provider ${version}`,
      environment: {},
      install: (home) => linkFiles(installed, join(home, "plugins", folder)),
      close: async () => {},
    };
  }
  // it would try a call that fails for three minutes, as Cloudflare's provider does
  const wait = (milliseconds: number) => delay(Math.min(milliseconds, LONGEST_WAIT_MS));
  const server = await startProviderServer({ wait });
  return {
    name: "our own provider",
    environment: { PULUMI_DEBUG_PROVIDERS: server.debugProviders },
    install: () => {},
    close: () => server.close(),
  };
}

/**
 * A download that is not complete has a file of the same name that ends with `.partial`; the CLI passes over it too.
 */
function isPlugin(folder: string): boolean {
  const program = process.platform === "win32" ? "pulumi-resource-cloudflare.exe" : "pulumi-resource-cloudflare";
  return existsSync(join(folder, program)) && !existsSync(`${folder}.partial`);
}

/**
 * The folder is made, since the CLI follows no links to folders; the files in it are links, since a plugin has over
 * 100 MB.
 */
function linkFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) symlinkSync(join(from, name), join(to, name));
}
