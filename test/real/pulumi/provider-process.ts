/**
 * The provider in a process of its own, which is killed in the middle of a call, as a plugin ends with the CLI that is
 * killed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process, { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { startProviderServer } from "../../../infra/local/provider/grpc/index.ts";

export interface ProviderProcess {
  /** For the CLI's environment. */
  readonly debugProviders: string;
  kill(): void;
}

/** An attached provider does not see the CLI's environment: how it reaches the API is passed to it. */
export async function startProviderProcess(apiToken: string, baseURL: string): Promise<ProviderProcess> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, CLOUDFLARE_API_TOKEN: apiToken, CLOUDFLARE_BASE_URL: baseURL },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  return { debugProviders: String(line).trim(), kill: () => void child.kill("SIGKILL") };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { CLOUDFLARE_API_TOKEN: apiToken = "", CLOUDFLARE_BASE_URL: baseURL = "" } = process.env;
  process.stdout.write((await startProviderServer({ apiToken, baseURL })).debugProviders);
}
