import { readFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { parse, parseAllDocuments } from "yaml";
import { readConfig } from "../../backend/config.ts";

const read = (name: string) => readFile(new URL(`../../cloudflared/${name}`, import.meta.url), "utf8");

/** Seconds of `30s`. */
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);

test.each(["compose.yaml", "kubernetes.yaml"])(
  "O15: %s names what the backend needs where the connector is elsewhere",
  async (name) => {
    const text = await read(name);
    const { hosts, peers } = {
      hosts: /HOST(?:=|, value: ")0\.0\.0\.0/.test(text),
      peers: /TRUSTED_PEERS(?:, value: "| with that network's subnet, as in )([\d./]+)/.exec(text)?.[1],
    };
    expect(hosts).toBe(true);
    expect(readConfig({ HOST: "0.0.0.0", TRUSTED_PEERS: peers }).trustedPeers).toHaveLength(1);
  },
);

test.each(["compose.yaml", "kubernetes.yaml"])(
  "P10: %s has a cloudflared with the security fixes of 2026.10.0",
  async (name) => {
    const [year = 0, month = 0] =
      /cloudflare\/cloudflared:(\d+)\.(\d+)\./
        .exec(await read(name))
        ?.slice(1)
        .map(Number) ?? [];
    expect(year * 12 + month).toBeGreaterThanOrEqual(2026 * 12 + 10);
  },
);

interface Compose {
  services: Record<
    string,
    {
      image: string;
      command: string[];
      environment: Record<string, string>;
      secrets: string[];
      healthcheck: { test: string[] };
      stop_grace_period: string;
      read_only: boolean;
      cap_drop: string[];
    }
  >;
  secrets: Record<string, { file: string }>;
}

test("compose: token from a secret's file and never in argv, a health check, more time to stop than the grace period", async () => {
  const { services, secrets } = parse(await read("compose.yaml")) as Compose;
  const connector = services.connector!;
  expect(connector.image).toMatch(/^cloudflare\/cloudflared:\d{4}\.\d+\.\d+$/);
  expect(connector.command).toEqual(["tunnel", "run"]);
  expect(connector.environment.TUNNEL_TOKEN_FILE).toBe(`/run/secrets/${connector.secrets[0]}`);
  expect(connector.environment).toHaveProperty("NO_AUTOUPDATE", "true");
  expect(Object.keys(connector.environment)).not.toContain("TUNNEL_TOKEN");
  expect(secrets[connector.secrets[0]!]?.file).toMatch(/^\$\{TUNNEL_TOKEN_FILE:\?/);
  expect(connector.healthcheck.test.slice(-3)).toEqual(["--metrics", connector.environment.TUNNEL_METRICS, "ready"]);
  expect(seconds(connector.stop_grace_period)).toBeGreaterThan(seconds(connector.environment.TUNNEL_GRACE_PERIOD!));
  expect([connector.read_only, connector.cap_drop]).toEqual([true, ["ALL"]]);
});

test("systemd: token as a credential and never in argv, hardened, more time to stop than the grace period", async () => {
  const lines = (await read("causeway-connector.service")).split("\n").filter((line) => /^[A-Za-z]/.test(line));
  const values = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  expect(lines.every((line) => /^[A-Za-z]+=/.test(line))).toBe(true);
  const environment = new Map(values("Environment").map((pair) => pair.split("=", 2) as [string, string]));
  const credential = values("LoadCredential")[0]!.split(":")[0];
  expect(environment.get("TUNNEL_TOKEN_FILE")).toBe(`%d/${credential}`);
  expect(environment.has("TUNNEL_TOKEN")).toBe(false);
  expect(environment.get("NO_AUTOUPDATE")).toBe("true");
  expect(values("ExecStart")).toEqual(["/usr/bin/cloudflared tunnel run"]);
  expect(Number(values("TimeoutStopSec")[0])).toBeGreaterThan(seconds(environment.get("TUNNEL_GRACE_PERIOD")!));
  for (const key of ["DynamicUser", "NoNewPrivileges", "PrivateTmp", "MemoryDenyWriteExecute"])
    expect(values(key)).toEqual(["yes"]);
  expect(values("ProtectSystem")).toEqual(["strict"]);
  expect(values("CapabilityBoundingSet")).toEqual([""]);
});

interface Container {
  args: string[];
  env: { name: string; value: string }[];
  ports: { name: string; containerPort: number }[];
  readinessProbe: { httpGet: { path: string; port: string } };
  livenessProbe: { httpGet: { path: string; port: string } };
  securityContext: Record<string, unknown>;
  volumeMounts: { name: string; mountPath: string }[];
}

test("kubernetes: token from a mounted secret and never in argv, probes, more time to stop than the grace period", async () => {
  const documents = parseAllDocuments(await read("kubernetes.yaml"));
  expect(documents.flatMap((document) => document.errors)).toEqual([]);
  const [deployment, budget] = documents.map((document) => document.toJS());
  expect([deployment.kind, budget.kind]).toEqual(["Deployment", "PodDisruptionBudget"]);
  expect(budget.spec.selector).toEqual(deployment.spec.selector);
  expect(deployment.spec.template.metadata.labels).toEqual(deployment.spec.selector.matchLabels);
  const pod = deployment.spec.template.spec;
  const container = pod.containers[0] as Container;
  const env = new Map(container.env.map(({ name, value }) => [name, value]));
  expect(container.args).toEqual(["tunnel", "run"]);
  expect(env.has("TUNNEL_TOKEN")).toBe(false);
  expect(env.get("NO_AUTOUPDATE")).toBe("true");
  const mount = container.volumeMounts[0]!;
  const volume = pod.volumes.find((one: { name: string }) => one.name === mount.name);
  expect(env.get("TUNNEL_TOKEN_FILE")).toBe(`${mount.mountPath}/${volume.secret.items[0].path}`);
  expect(volume.secret.defaultMode).toBe(0o440);
  expect(env.get("TUNNEL_METRICS")).toBe(`0.0.0.0:${container.ports[0]?.containerPort}`);
  for (const probe of [container.readinessProbe, container.livenessProbe]) {
    expect(probe.httpGet).toEqual({ path: "/ready", port: container.ports[0]?.name });
  }
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds(env.get("TUNNEL_GRACE_PERIOD")!));
  expect(pod.securityContext.runAsNonRoot).toBe(true);
  expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true });
});
