/** An account, and what preflight finds in it. */
import { afterEach, expect } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, type Seed, startApi } from "../../../infra/local/api/index.ts";
import type { Site } from "../../../infra/policy/index.ts";
import {
  type KnownIds,
  type Obstacle,
  PreflightError,
  type PreflightOptions,
  preflight,
} from "../../../infra/preflight/index.ts";
import { site as sample } from "../policy/site.ts";

export const site: Site = { ...sample, hostnames: ["chat.example.com"] };

export let api: LocalApi;
afterEach(() => api.close());

export async function start(seed: Seed = { zones: [{ name: "example.com" }] }): Promise<Cloudflare> {
  api = await startApi({ seed });
  return client();
}
export const client = (apiToken = api.token) =>
  new Cloudflare({ apiToken, baseURL: api.url, logLevel: "off", maxRetries: 0 });

export async function obstaclesOf(
  cloudflare: Cloudflare,
  of: Site = site,
  known: KnownIds = {},
  options: PreflightOptions = {},
): Promise<readonly Obstacle[]> {
  try {
    await preflight(cloudflare, of, known, options);
  } catch (error) {
    if (!(error instanceof PreflightError)) throw error;
    for (const { found, fix } of error.obstacles) {
      expect(error.message).toContain(found);
      expect(error.message).toContain(fix);
    }
    expect(api.journal.filter(({ method, dryRun }) => method !== "GET" && !dryRun)).toEqual(written);
    return error.obstacles;
  }
  throw new Error("nothing stood in the way");
}
/** Writes that the test itself made. */
let written: unknown[] = [];
export const allowWritesSoFar = (): void => {
  written = api.journal.filter(({ method, dryRun }) => method !== "GET" && !dryRun);
};
export const setUp = async (work: () => Promise<unknown>): Promise<void> => {
  await work();
  allowWritesSoFar();
};
afterEach(() => {
  written = [];
});
