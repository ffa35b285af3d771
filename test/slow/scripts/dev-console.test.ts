import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type {
  AgainDraft,
  Copies,
  ExampleChoices,
  JudgedAgain,
  ProposedExample,
  SentAgain,
} from "../../../infra/local/console/again-data.ts";
import { copyProject } from "../../copy-project.ts";
import { ask } from "../../journeys/test-site.ts";
import { FEW_TYPES, startDev } from "./start-dev.ts";

const SCANNERS = "infra/policy/custom-rules/scanner-paths.ts";
const VISITORS = "infra/policy/visitors.ts";
const STORY = "infra/policy/stories/scanner.json";

let project: string;
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "causeway-dev-console-")));
  copyProject(project, { ...FEW_TYPES, "biome.json": readFileSync("biome.json", "utf8") });
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const read = (path: string) => readFileSync(join(project, path), "utf8");
const write = (path: string, text: string) => writeFileSync(join(project, path), text);

/** The API of a console, opened by its address. */
async function openApi(address: string) {
  const { origin } = new URL(address);
  const opened = await fetch(address, { redirect: "manual" });
  const cookie = opened.headers.get("set-cookie")?.split(";")[0] ?? "";
  const valueIn = async (response: Response): Promise<never> => {
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as never;
  };
  return {
    get: async <T>(path: string): Promise<T> => valueIn(await fetch(`${origin}/api/${path}`, { headers: { cookie } })),
    post: async <T>(path: string, value: object): Promise<T> => {
      const headers = { cookie, origin, "content-type": "application/json" };
      return valueIn(await fetch(`${origin}/api/${path}`, { method: "POST", headers, body: JSON.stringify(value) }));
    },
  };
}

test("D1: a request is judged by the rules before and after an edit, sent again, and becomes an example that is deployed", async () => {
  const { child, ended, printed, site, consoleAddress } = await startDev(project);
  const api = await openApi(consoleAddress);
  await ask(site, "GET", "/wq-login");
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login.*\n +rule not_in_surface/);
  const { exchanges } = await api.get<{ exchanges: { ray: string }[] }>("requests?path=/wq-login");
  const ray = exchanges[0]?.ray ?? "";

  write(SCANNERS, read(SCANNERS).replace('"/wp-",', '"/wp-",\n  "/wq-",'));
  await printed(/POLICY {2}proved and deployed in .* s: changed: scanner_paths/);
  const { request } = await api.get<AgainDraft>(`requests/${ray}/again`);
  const judged = await api.post<JudgedAgain>("judge", request);
  expect(judged.present).toMatchObject({ outcome: "block", by: { ref: "scanner_paths" } });
  expect(judged.before).toMatchObject({ outcome: "block", by: { ref: "not_in_surface" } });
  expect(judged.different).toEqual([{ ref: "scanner_paths", change: "changed" }]);

  // what is copied explains it, by the rules that are deployed now
  const { explain = "" } = await api.get<Copies>(`requests/${ray}/copies`);
  const command = explain.replace(/^npm run rules --/, `'${process.execPath}' scripts/run.mjs rules`);
  const explained = await promisify(execFile)("sh", ["-c", command], { cwd: project });
  expect(explained.stdout).toContain("=> block by scanner_paths, status 403");

  const sent = await api.post<SentAgain>("again", request);
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login.*\n +rule scanner_paths/);
  const { exchange } = await api.get<{ exchange: object }>(`requests/${sent.ray}`);
  expect(exchange).toMatchObject({ repeats: ray, rule: "scanner_paths" });

  // a visitor that is added while the site runs can send requests
  write(
    VISITORS,
    read(VISITORS).replace("  outdated: {", '  robot: { ip: "198.18.6.1", userAgent: "robot/1" },\n  outdated: {'),
  );
  await printed(/POLICY {2}proved and deployed in .* s: no rule changed/);
  const asRobot = await api.post<SentAgain>("again", { ...request, visitor: "robot" });
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login {2}from 198\.18\.6\.1 /);
  expect(asRobot.status).toBe(403);
  const visitors = read(VISITORS);
  write(VISITORS, `${visitors}const = 3;\n`);
  await printed(/POLICY {2}not deployed, /);
  expect((await api.get<AgainDraft>(`requests/${ray}/again`)).visitors).toContain("robot");
  write(VISITORS, visitors);
  await printed(/POLICY {2}proved and deployed in /);

  const choices = await api.get<ExampleChoices>(`requests/${sent.ray}/example`);
  expect(choices.decided).toBe("scanner_paths");
  expect(choices.visitors).toContain("robot");
  const phase = "http_request_firewall_custom";
  const place = { kind: "rule", phase, ref: "scanner_paths", side: "match" };
  const example = await api.post<ProposedExample>("examples/propose", { ray, visitor: "ordinary", place });
  expect(example.notes).toEqual([]);
  expect(read(SCANNERS)).not.toContain("GET /wq-login");
  await api.post("examples/write", { id: example.id });
  await printed(/EDITED {2}infra\/policy\/custom-rules\/scanner-paths\.ts\n/);
  await printed(/POLICY {2}proved and deployed in .* s: no rule changed/);
  expect(read(SCANNERS)).toContain('      "GET /wq-login",\n    ],');

  const story = { kind: "story", story: "scanner" };
  const step = await api.post<ProposedExample>("examples/propose", { ray, visitor: "robot", place: story });
  expect(step.notes).toEqual([]);
  await api.post("examples/write", { id: step.id });
  await printed(/POLICY {2}proved and deployed in .* s: no rule changed/);
  expect(JSON.parse(read(STORY)).steps.at(-1)).toMatchObject({
    request: "GET /wq-login",
    visitor: "robot",
    by: "scanner_paths",
  });

  // an example that does not hold is written when it is wanted, and then nothing is deployed
  const pass = await api.post<ProposedExample>("examples/propose", {
    ...{ ray, visitor: "ordinary", place: { ...place, side: "pass" } },
  });
  expect(pass.notes).toEqual([expect.stringContaining("This example fails")]);
  await api.post("examples/write", { id: pass.id });
  await printed(/POLICY {2}not deployed, the rules before stay; /);

  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
});
