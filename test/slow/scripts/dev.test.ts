import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { isRunning, treeOf } from "../../../scripts/command-line/processes.ts";
import { copyProject } from "../../copy-project.ts";
import { ask, connect, register } from "../../journeys/test-site.ts";
import { FEW_TYPES, startDev } from "./start-dev.ts";

const SCANNERS = "infra/policy/custom-rules/scanner-paths.ts";
const USERS = "backend/users/index.ts";

let project: string;
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), "causeway-dev-")));
  copyProject(project, FEW_TYPES);
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const read = (path: string) => readFileSync(join(project, path), "utf8");
const write = (path: string, text: string) => writeFileSync(join(project, path), text);

/** esbuild's process ends by itself, a moment after the backend that has started it. */
async function allEnded(processes: readonly number[]): Promise<void> {
  while (processes.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const throwOnceThereIs = (file: string) =>
  `setInterval(() => { if (existsSync(${JSON.stringify(file)})) throw new Error("late mistake"); }, 20);\n`;

test("D2, D3: edits take effect, mistakes leave what runs as it is, and users stay signed in", async () => {
  const { child, ended, printed, site } = await startDev(project);
  const processes = [...treeOf(child.pid ?? 0)];
  const ada = await register(site, "Ada");
  const me = () => ask(site, "GET", "/api/users/me", { headers: { authorization: `Bearer ${ada.accessToken}` } });
  await printed(/SERVED 200 {2}POST \S+\/api\/auth\/register/);

  // a rule: redeployed, and it blocks what it did not name before
  await ask(site, "GET", "/wq-login");
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login.*\n +rule not_in_surface/);
  const rule = read(SCANNERS);
  write(SCANNERS, rule.replace('"/wp-",', '"/wp-",\n  "/wq-",'));
  await printed(/EDITED {2}infra\/policy\/custom-rules\/scanner-paths\.ts\n/);
  await printed(/POLICY {2}proved and deployed in .* s: changed: scanner_paths \(1 updated,/);
  expect((await ask(site, "GET", "/wq-login")).status).toBe(403);
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login.*\n +rule scanner_paths/);

  // an example that fails, then a file that does not parse: the rule before stays
  write(SCANNERS, rule.replace('"POST /wp-login.php"', '"POST /plain"'));
  await printed(/POLICY {2}not deployed, the rules before stay; .*\n[\s\S]*scanner_paths[\s\S]*\/plain/);
  write(SCANNERS, `${rule}const = 3;\n`);
  await printed(/POLICY {2}not deployed, .*\n +infra\/policy\/custom-rules\/scanner-paths\.ts:59: /);
  await ask(site, "GET", "/wq-login");
  await printed(/BLOCKED 403 {2}GET \S+\/wq-login.*\n +rule scanner_paths/);
  write(SCANNERS, rule);
  await printed(/POLICY {2}proved and deployed in .* s: changed: scanner_paths/);

  // the backend: the session goes on, and the open socket is told to connect again
  const socket = await connect(site, ada, true);
  const told = new Promise((resolve) => socket.once("drain", resolve));
  const users = read(USERS);
  write(USERS, `${users}console.log("this is another version");\n`);
  await printed(/this is another version\n/);
  await printed(/BACKEND {2}restarted in .* s; pages connect again/);
  await told;
  expect((await me()).status).toBe(200);

  // mistakes while it is loaded, and while it starts: the version before goes on
  write(USERS, `${users}const = 3;\n`);
  await printed(/BACKEND {2}not restarted; .*\n.* backend\/users\/index\.ts throws SyntaxError: .*index\.ts:\d+\)/);
  expect((await me()).status).toBe(200);
  const surface = read("backend/users/surface.ts");
  write("backend/users/surface.ts", surface.replaceAll('action: "users.register"', 'action: "users.join"'));
  write(USERS, users);
  await printed(/BACKEND {2}not restarted; .*\n +There is a mistake in the surface[\s\S]*users\.(?:register|join)/);
  expect((await me()).status).toBe(200);
  write("backend/users/surface.ts", surface);
  await printed(/BACKEND {2}restarted in/);

  // it ends by itself, and is back after an edit
  const mistake = join(project, "mistake");
  write(USERS, `import { existsSync } from "node:fs";\n${users}${throwOnceThereIs(mistake)}`);
  await printed(/BACKEND {2}restarted in/);
  writeFileSync(mistake, "");
  await printed(/late mistake[\s\S]*BACKEND {2}its process ended \(1\); it starts again after the next edit/);
  write(USERS, users);
  await printed(/BACKEND {2}restarted in/);
  expect((await me()).status).toBe(200);

  // the page: files that differ make open pages reload, a mistake leaves the page as it is, and the backend goes on
  const lasting = await connect(site, ada, true);
  const icon = read("backend/page/favicon.svg");
  write("backend/page/favicon.svg", icon.replace("<svg", "<svg "));
  await printed(/PAGE {2}built in .* s; open pages reload/);
  expect((await ask(site, "GET", "/favicon.svg")).text).toContain("<svg ");
  const home = read("backend/page/home.ts");
  write("backend/page/home.ts", `${home}const = 3;\n`);
  await printed(/PAGE {2}not built, .*\n +backend\/page\/home\.ts:\d+: /);
  write("backend/page/home.ts", home);
  await printed(/PAGE {2}built in .* s; it is the same as before/);
  expect(lasting.connected).toBe(true);
  lasting.close();

  // types are checked beside it
  write("backend/typed.ts", "export const typed: string = 3;\n");
  await printed(/TYPES {2}1 error\n +backend\/typed\.ts:1:14 .*string.* \(TS2322\)/);

  socket.close();
  processes.push(...treeOf(child.pid ?? 0));
  child.kill("SIGTERM");
  expect((await ended)[0]).toBe(0);
  await allEnded(processes);
});

test("D2: a killed `npm run dev` leaves no process behind", async () => {
  const { child, ended } = await startDev(project);
  const processes = treeOf(child.pid ?? 0);
  expect(processes.length).toBeGreaterThan(2); // itself, the backend and TypeScript, and what they have started
  child.kill("SIGKILL");
  await ended;
  await allEnded(processes);
});
