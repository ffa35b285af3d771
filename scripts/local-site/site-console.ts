import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LocalApi } from "../../infra/local/api/index.ts";
import { buildConsolePage, type Recorder, type RunningConsole, startConsole } from "../../infra/local/console/index.ts";
import type { Edge } from "../../infra/local/edge/index.ts";
import type { Visitors } from "../../infra/rules/index.ts";
import { exampleWriter } from "../policy-examples/example-writer.ts";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url)).replace(/[\\/]$/, "");

/** What the console of a site shows. */
export interface SiteConsoleOptions {
  readonly api: LocalApi;
  readonly edge: Edge;
  readonly recorder: Recorder;
  /** Port at 127.0.0.1. */
  readonly port: number;
  readonly hostname: string;
  readonly dataDir: string;
  readonly tunnelId: string;
}

/** Starts the console of a site: its page, and the data that the page shows. */
export async function startSiteConsole(options: SiteConsoleOptions): Promise<RunningConsole> {
  const { api, edge, recorder, port, hostname, dataDir, tunnelId } = options;
  return startConsole({
    port,
    recorder,
    cloud: api.cloud,
    edge,
    visitors: readVisitors,
    examples: exampleWriter(PROJECT),
    hostname,
    outbox: join(dataDir, "outbox"),
    files: await buildConsolePage(),
    connectors: () => connectorsOf(api, tunnelId),
  });
}

/** The connectors of the tunnel, as Cloudflare's API lists them. */
async function connectorsOf({ url, token, accountId }: LocalApi, tunnelId: string): Promise<unknown> {
  const response = await fetch(`${url}/accounts/${accountId}/cfd_tunnel/${tunnelId}/connections`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { result } = (await response.json()) as { readonly result: unknown };
  return result;
}

const VISITORS = new URL("../../infra/policy/visitors.ts", import.meta.url);

let known: Visitors | undefined;

/**
 * The visitors as their file has them now: under `npm run dev` it is edited while the site runs. While the file has a
 * mistake, those from before.
 */
async function readVisitors(): Promise<Visitors> {
  try {
    const { mtimeMs } = await stat(VISITORS);
    const file: { readonly VISITORS: Visitors } = await import(`${VISITORS.href}?at=${mtimeMs}`);
    known = file.VISITORS;
  } catch (error) {
    if (known === undefined) throw error;
  }
  return known;
}
