import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

/*
 * A backend whose data folder is a small file system in memory, which only its own mount namespace has.
 */

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-disk-"));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** The command of a backend on a new file system of that size, of which `taken` is taken. Sizes in KiB. */
function backendOn(size: number, taken: number): readonly [string, readonly string[]] {
  const script = `mount -t tmpfs -o size=${size}k,mode=700 none "${folder}" &&
    { [ ${taken} = 0 ] || dd if=/dev/zero of="${folder}/taken" bs=1k count=${taken} 2>/dev/null; } ;
    exec "${process.execPath}" scripts/backend.ts`;
  return ["unshare", ["-m", "sh", "-c", script]];
}

const env = (more: object = {}) => ({ ...process.env, DATA_DIR: folder, PORT: "0", LOG_LEVEL: "info", ...more });

test.each([1024, 1020, 1000, 976, 960, 900, 800, 700, 600, 500])(
  "O14: a start with %d of 1,024 KiB taken works, or says in one line that space is missing",
  async (taken) => {
    const [program, parameters] = backendOn(1024, taken);
    const child = spawn(program, parameters, { env: env(), stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let problem = "";
    child.stderr.on("data", (chunk: Buffer) => {
      problem += chunk;
    });
    const started = new Promise<"started">((resolve) => {
      createInterface({ input: child.stdout }).on(
        "line",
        (line) => line.includes('"backend started"') && resolve("started"),
      );
    });
    const outcome = await Promise.race([started, once(child, "close")]);
    if (outcome === "started") {
      expect(taken).toBeLessThan(900);
      child.kill("SIGTERM");
      await once(child, "close");
      return;
    }
    expect(outcome).toEqual([1, null]);
    expect(problem).toMatch(
      /^backend: .*(?:no space left on device|database or disk is full|disk I\/O error).*(?:free space)/i,
    );
    expect(problem.trim().split("\n")).toHaveLength(1);
  },
);

test("O14: on a full disk a running backend is not ready, and is again once there is space", async () => {
  const [program, parameters] = backendOn(4096, 0);
  const child = spawn(program, parameters, { env: env({ INTERNAL_PORT: "0" }), stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const internalUrl = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { msg, internalUrl: url } = JSON.parse(line) as Record<string, string>;
      if (msg === "backend started") resolve(url as string);
    });
  });
  const ready = async () => {
    const response = await fetch(`${internalUrl}/health/ready`);
    const { checks } = (await response.json()) as { checks: object };
    return [response.status, checks];
  };
  const until = async (status: number) => {
    while ((await ready())[0] !== status) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  expect(await ready()).toEqual([200, { clock: true, gateway: true, services: true, store: true }]);
  // the file system as the backend sees it
  const inside = join(`/proc/${child.pid}/root`, folder);
  writeFileSync(join(inside, "filler"), Buffer.alloc(statfsSync(inside).bavail * statfsSync(inside).bsize));
  await until(503);
  expect(await ready()).toEqual([503, { clock: true, gateway: true, services: true, store: false }]);
  rmSync(join(inside, "filler"));
  await until(200);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("the small file system is there: without it the tests above would prove nothing", () => {
  const [program, parameters] = backendOn(64, 0);
  const script = parameters.at(-1)?.replace(/exec .*$/, `df -k "${folder}" | tail -1`) ?? "";
  expect(spawnSync(program, ["-m", "sh", "-c", script], { encoding: "utf8" }).stdout).toMatch(/^none +64 /);
});
