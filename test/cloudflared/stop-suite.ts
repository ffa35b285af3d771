import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { registeredConnectors } from "../../cloudflared/index.ts";
import { within } from "../within.ts";
import { type EdgeForTests, startEdgeForTests } from "./edge-for-tests.ts";

const root = join(import.meta.dirname, "../..");

/** The processes below one, itself first: npm, its shell, Node.js, and cloudflared where that is what runs. */
async function treeOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const below = await Promise.all(children.trim().split(" ").filter(Boolean).map(Number).map(treeOf));
  return [pid, ...below.flat()];
}

/**
 * Whether a process still runs; one that ended and whose parent has not looked yet (state Z, proc_pid_stat(5)) does
 * not.
 */
async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text !== "" && !/\) Z /.test(text);
}

async function whichRun(pids: readonly number[]): Promise<number[]> {
  const running = await Promise.all(pids.map(isRunning));
  return pids.filter((_pid, index) => running[index]);
}

/** Signals a process that may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** How `npm run connector` ends, with whichever connector the environment has. Needs /proc. */
export function stopSuite(name: string, env: Record<string, string>): void {
  describe(name, () => {
    let testSite: EdgeForTests;
    let held: PromiseWithResolvers<ServerResponse>;
    let started: readonly number[] = [];
    const origin = createServer((_request, response) => held.resolve(response));
    beforeEach(async () => {
      held = Promise.withResolvers();
      await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
      const { port } = origin.address() as AddressInfo;
      testSite = await startEdgeForTests({ ingress: [{ service: `http://127.0.0.1:${port}` }] });
    });
    afterEach(async () => {
      for (const pid of await whichRun(started)) signal(pid, "SIGKILL");
      origin.closeAllConnections();
      await new Promise((done) => origin.close(done));
      await testSite.close();
    });

    /** `npm run connector` in a process group of its own, as a terminal or a service manager starts it. */
    async function npmRunConnector() {
      const npm = process.env.npm_execpath;
      if (npm === undefined) throw new Error("run this test by `npm test`");
      await mkdir(join(testSite.folder, "bin"));
      await symlink("/bin/sh", join(testSite.folder, "bin/sh")); // all that npm needs; no cloudflared
      const child = spawn(process.execPath, [npm, "run", "connector"], {
        cwd: root,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          HOME: testSite.folder,
          PATH: join(testSite.folder, "bin"),
          ...env,
          TUNNEL_TOKEN_FILE: testSite.tokenFile,
          TUNNEL_EDGE: testSite.edge.address,
          TUNNEL_CACERT: testSite.edge.caFile,
          TUNNEL_GRACE_PERIOD: "20s",
        },
      });
      let output = "";
      const closed = once(child, "close"); // every process of the tree has let go of the output
      const ready = new Promise<void>((resolve, reject) => {
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (text: string) => {
            output += text;
            if (/^ready: /m.test(output)) resolve();
          });
        }
        void closed.then(() => reject(new Error(output)));
      });
      await within("the connector to be ready", ready, () => output);
      const pid = child.pid ?? 0;
      started = await treeOf(pid);
      return { pid, tree: started, closed, output: () => output };
    }

    const connectorPid = async () => (await registeredConnectors(testSite.tokenFile))[0]?.pid ?? 0;
    const ways: [string, (npm: number, tree: readonly number[]) => Promise<void>][] = [
      ["SIGTERM to npm", async (npm) => signal(npm, "SIGTERM")],
      [
        "SIGKILL of npm and its shell",
        async (_npm, tree) => {
          for (const pid of tree.slice(0, tree.indexOf(await connectorPid()))) signal(pid, "SIGKILL");
        },
      ],
      ["SIGTERM to Node.js", async () => signal(await connectorPid(), "SIGTERM")],
      [
        "SIGINT that arrives twice, from the terminal and from npm,",
        async () => {
          const pid = await connectorPid();
          signal(pid, "SIGINT");
          await new Promise((resolve) => setTimeout(resolve, 50));
          signal(pid, "SIGINT");
        },
      ],
      ["SIGINT to the group, as Ctrl-C sends it", async (npm) => signal(-npm, "SIGINT")],
      [
        "SIGTERM to every process, as a service manager sends it",
        async (_npm, tree) => {
          for (const pid of tree) signal(pid, "SIGTERM");
        },
      ],
    ];
    test.each(ways)("O13: %s ends every process in order, and the request in flight ends first", async (_way, end) => {
      const { pid, tree, closed, output } = await npmRunConnector();
      const stream = testSite.edge.open(testSite.tunnelId, {
        method: "GET",
        path: "/",
        host: "x",
        headers: [],
        body: false,
      });
      const response = await within("the request to reach the origin", held.promise, output);
      await end(pid, tree);
      await testSite.until(0);
      const ending = closed.then(() => "ended");
      const early = await Promise.race([ending, new Promise((resolve) => setTimeout(resolve, 300, "waits"))]);
      expect(early).toBe("waits");
      response.end("whole");
      expect((await stream?.response)?.status).toBe(200);
      expect(String((await once(stream!, "data"))[0])).toBe("whole");
      stream?.resume();
      await within("every process to end", ending, output);
      expect(output()).toMatch(/^stopping: /m);
      // a process lets go of its output a moment before it has ended
      while ((await whichRun(tree)).length > 0) await new Promise((resolve) => setImmediate(resolve));
      expect(await registeredConnectors(testSite.tokenFile)).toEqual([]);
    });
  });
}
