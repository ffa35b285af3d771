/** The program leaves the same in the API whether the real CLI applies it or our own engine does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { applyProgram } from "../../../infra/local/engine/index.ts";
import { config, openProject } from "./project.ts";

const seed = { account: { id: "a".repeat(32) }, zones: [{ id: "b".repeat(32), name: "example.com" }] };
const stackConfig = { ...config, "causeway:zoneSettings": { min_tls_version: "1.2" } };

/** What is deployed, without ids, times and the tunnel's secret. */
function deployed(api: LocalApi) {
  const zone = api.cloud.zoneOf("chat.example.com");
  const tunnelId = zone?.records[0]?.content.split(".")[0] ?? "";
  const volatile = ["id", "last_updated", "created_on", "modified_on", "comment_modified_on", "secret"];
  const text = JSON.stringify({ zone, tunnel: api.cloud.tunnel(tunnelId) }, (key, value) =>
    volatile.includes(key) ? undefined : value,
  );
  const state = JSON.parse(text.replaceAll(tunnelId, "<tunnel id>"));
  state.zone.rulesets.sort((one: { phase: string }, other: { phase: string }) => one.phase.localeCompare(other.phase));
  return state;
}

test("records, rulesets, settings and tunnel are the same, and a second run of either way has nothing to do", async () => {
  const folder = mkdtempSync(join(tmpdir(), "same-state-"));
  const other = await startApi({ seed });
  const project = await openProject({ dev: stackConfig }, seed);
  try {
    const text = Object.entries(stackConfig).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const inProcess = {
      project: "causeway",
      stack: "dev",
      config: Object.fromEntries(text),
      stateFile: join(folder, "stack.json"),
      api: { url: other.url, token: other.token },
    };
    await applyProgram(inProcess);
    const up = await project.workspace.run("up", "--yes", "--skip-preview");
    expect([up.code, up.text]).toEqual([0, expect.stringContaining("created")]);
    expect(deployed(project.api)).toEqual(deployed(other));
    expect(deployed(other).tunnel.config.ingress.length).toBeGreaterThan(1);
    expect(new Set((await applyProgram(inProcess)).steps.map(({ op }) => op))).toEqual(new Set(["same"]));
    expect(await project.workspace.run("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
  } finally {
    await project.close();
    await other.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
