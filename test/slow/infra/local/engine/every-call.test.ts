/**
 * The first `up`, on the engine of `npm start`, with the response to each of its calls lost once: reads, preflight's
 * own and writes alike. The real CLI is interrupted at the writes in `test/real/pulumi/interruptions.test.ts`; all
 * calls there would take a quarter of an hour.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { ApplyError, applyProgram } from "../../../../../infra/local/engine/index.ts";

interface Site {
  readonly api: LocalApi;
  /** Runs the program; the operations of its resources, or undefined where it failed as a run may. */
  up(): Promise<readonly string[] | undefined>;
  /** What is at Cloudflare, without ids and times. */
  deployed(): Promise<readonly string[]>;
  close(): Promise<void>;
}

async function openSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-every-call-"));
  const api = await startApi();
  const hostname = `chat.${api.zoneName}`;
  return {
    api,
    up: () =>
      applyProgram({
        project: "causeway",
        stack: "local",
        config: { "causeway:zone": api.zoneName, "causeway:hostnames": hostname },
        stateFile: join(folder, "stack.json"),
        api: { url: api.url, token: api.token },
      }).then(
        ({ steps }) => steps.map(({ op }) => op),
        (error: unknown) => {
          if (!(error instanceof ApplyError)) throw error;
          return undefined;
        },
      ),
    async deployed() {
      const response = await fetch(`${api.url}/accounts/${api.accountId}/cfd_tunnel?is_deleted=false`, {
        headers: { authorization: `Bearer ${api.token}` },
      });
      const { result }: { result: { id: string }[] } = JSON.parse(await response.text());
      const zone = api.cloud.zoneOf(hostname);
      return [
        ...result.map(({ id }) => `tunnel for ${api.cloud.tunnel(id)?.config?.ingress?.[0]?.hostname}`),
        ...(zone?.records ?? []).map(({ name, content }) =>
          content === `${result[0]?.id}.cfargotunnel.com` ? `${name} to the tunnel` : `${name} to ${content}`,
        ),
        ...(zone?.rulesets ?? []).map(({ phase, rules }) => `${phase}: ${rules.map(({ ref }) => ref).join(" ")}`),
      ].sort();
    },
    async close() {
      await api.close();
      rmSync(folder, { recursive: true });
    },
  };
}

test("O2: whichever response the first up loses, the next one ends with the same site, and a third changes nothing", async () => {
  const whole = await openSite();
  await whole.up();
  const journal = [...whole.api.journal];
  const expected = await whole.deployed();
  await whole.close();
  expect(journal.length).toBeGreaterThan(15);

  const interrupt = async (index: number) => {
    const site = await openSite();
    try {
      // a fault meets dry runs only where its path names them
      const isDryRun = journal[index]?.dryRun === true;
      const after = journal.slice(0, index).filter(({ dryRun = false }) => dryRun === isDryRun).length;
      site.api.faults.next({ after, ...(isDryRun && { path: /dry_run/ }) }, "lost");
      await site.up();
      const isLost = site.api.journal.some(({ status, dryRun = false }) => status === 0 && dryRun === isDryRun);
      site.api.faults.clear();
      const [second, third] = [await site.up(), await site.up()];
      const others = third?.filter((operation) => operation !== "same");
      return { index, isLost, hasEnded: second !== undefined, others, deployed: await site.deployed() };
    } finally {
      await site.close();
    }
  };
  for (let index = 0; index < journal.length; index += 2) {
    const pair = [index, index + 1].filter((at) => at < journal.length);
    const results = await Promise.all(pair.map(interrupt));
    expect(results).toEqual(
      pair.map((at) => ({ index: at, isLost: true, hasEnded: true, others: [], deployed: expected })),
    );
  }
}, 600_000);
