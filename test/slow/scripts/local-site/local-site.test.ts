import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { VISITORS } from "../../../../infra/policy/index.ts";
import { knownVisitor } from "../../../../infra/rules/index.ts";
import {
  type LocalSite,
  type LocalSiteOptions,
  START_STEPS,
  startLocalSite,
} from "../../../../scripts/local-site/local-site.ts";
import { choosePorts, type Ports } from "../../../../scripts/local-site/ports.ts";

let dataDir: string;
let ports: Ports;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-kit-"));
  // below the range that systems give out by themselves: no other test gets one of these meanwhile
  const first = randomInt(20_000, 30_000);
  ports = await choosePorts(dataDir, { edge: first, gateway: first + 10, api: first + 20, tunnel: first + 30 });
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const start = (more: Partial<LocalSiteOptions> = {}): Promise<LocalSite> =>
  startLocalSite({
    ...more,
    dataDir,
    ports,
    env: { DRAIN_SECONDS: "1" },
    onRequest: () => {},
    onProblem: () => {},
    warn: () => {},
  });
const failure = (): Promise<Error> =>
  start().then(
    async (kit) => {
      await kit.stop();
      throw new Error("it started");
    },
    (error: Error) => error,
  );

/** Takes a port; rejects where something listens there. */
const take = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });

/** Nothing listens any more, and the folder is given back. */
async function expectNothingLeft(): Promise<void> {
  for (const port of Object.values(ports)) {
    const server = await take(port);
    await new Promise((resolve) => server.close(resolve));
  }
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
}

const aFile = (text: string) => (file: string) => writeFileSync(file, text);
const aFolder = (file: string) => {
  rmSync(file, { force: true });
  mkdirSync(file);
};

test.each([
  ["cloudflare.json", "cut off", aFile("{"), /cloudflare\.json should hold .* mend the file, or move it away/],
  ["cloudflare.json", "newer", aFile('{"format":"causeway-cloud","version":2}'), /written by a newer Causeway/],
  [
    "causeway.db",
    "no database",
    aFile("no database ".repeat(999)),
    /cannot open the database .*causeway\.db: .*file is not/,
  ],
  ["causeway.db", "a folder", aFolder, /cannot open the database .*causeway\.db/],
  ["backend.log", "a folder", aFolder, /backend\.log cannot be used .*EISDIR.* move it away/],
  ["ports.json", "a folder", aFolder, /ports\.json cannot be used .*EISDIR.* move it away/],
  ["certificates", "a file", aFile(""), /keeps its certificates in .*certificates, .* remove it: it is made anew/],
  ["stack.json", "cut off", aFile("{"), /stack's state .*stack\.json cannot be used/],
])(
  "a %s that is %s: a clear message, nothing stays behind, the file is left as it was",
  async (name, _what, spoil, message) => {
    const file = join(dataDir, name);
    spoil(file);
    const before = statSync(file).isFile() && readFileSync(file, "utf8");
    expect((await failure()).message).toMatch(message);
    await expectNothingLeft();
    expect(statSync(file).isFile() && readFileSync(file, "utf8")).toBe(before);
  },
);

test.each(START_STEPS)(
  "a signal while it starts %s is heeded before the next step, and nothing stays behind",
  async (last) => {
    const ending = new AbortController();
    const begun: string[] = [];
    const onStep = (step: string) => {
      begun.push(step);
      if (step === last) ending.abort("SIGINT");
    };
    await expect(start({ signal: ending.signal, onStep })).rejects.toBe("SIGINT");
    expect(begun).toEqual(START_STEPS.slice(0, START_STEPS.indexOf(last) + 1));
    await expectNothingLeft();
  },
);

test("a start that failed half way is repaired by the next one; taken ports are passed over, a second run is refused", async () => {
  aFolder(join(dataDir, "tunnel-token"));
  expect((await failure()).message).toMatch(/tunnel-token cannot be used .*EISDIR.* move it away/);
  await expectNothingLeft();
  rmSync(join(dataDir, "tunnel-token"), { recursive: true });

  const others = await Promise.all([ports.edge, ports.api, ports.tunnel].map(take));
  const kit = await start();
  try {
    // everything had been applied before the failure, and nothing is made twice
    expect(new Set(kit.applied.steps.map(({ op }) => op))).toEqual(new Set(["same"]));
    for (const url of [kit.edge.url, kit.api.url, `http://${kit.tunnel.address}`]) {
      expect(Object.values(ports)).not.toContain(Number(new URL(url).port));
    }
    expect((await failure()).message).toContain(`in use by process ${process.pid}`);
    expect(await kit.connector.readyConnections()).toBeGreaterThan(0);
    expect(existsSync(join(dataDir, "lock"))).toBe(true);
  } finally {
    await kit.stop();
    for (const other of others) other.close();
  }
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});

test("A2: the local zone has the plan that was asked for, the policy is deployed for it, and visitors are who they are to be", async () => {
  const limits = (kit: LocalSite) =>
    kit.api.cloud.zoneOf(kit.hostname)?.rulesets.find(({ phase }) => phase === "http_ratelimit")?.rules.length;
  const kit = await start({ plan: "enterprise", visitor: knownVisitor(VISITORS, "crawler") });
  try {
    expect([kit.api.cloud.zoneOf(kit.hostname)?.plan, limits(kit)]).toEqual(["enterprise", 3]);
    const phase = `${kit.api.url}/zones/${kit.api.zoneId}/rulesets/phases/http_request_firewall_custom/entrypoint`;
    const expression = 'cf.bot_management.score eq 1 and ip.src.country eq "US"';
    const deployed = await fetch(phase, {
      method: "PUT",
      headers: { authorization: `Bearer ${kit.api.token}`, "content-type": "application/json" },
      body: JSON.stringify({ rules: [{ ref: "bots", expression, action: "block" }] }),
    });
    expect(deployed.status).toBe(200);
    const status = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const sent = {
          host: "127.0.0.1",
          port: kit.edge.port,
          headers: { host: kit.hostname, ...headers },
          agent: false,
        };
        get(sent, (response) => resolve(response.resume().statusCode)).once("error", reject);
      });
    expect(await status({})).toBe(403);
    expect(await status({ "Local-Visitor": "bot_score=90" })).toBe(200);
  } finally {
    await kit.stop();
  }
  const next = await start();
  try {
    expect([next.api.cloud.zoneOf(next.hostname)?.plan, limits(next)]).toEqual(["free", 1]);
  } finally {
    await next.stop();
  }
});
