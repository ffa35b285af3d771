import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import ts from "typescript";
import { parse, parseAllDocuments } from "yaml";
import { type Config, readConfig } from "../../backend/config.ts";

const read = (name: string) => readFile(new URL(`../../cloudflared/${name}`, import.meta.url), "utf8");

/** Seconds of `30s`. */
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);

/** Seconds that a backend takes at most to stop: it drains, waits as long again, and closes (README, DRAIN_SECONDS). */
const secondsToStop = ({ drainTimeMs }: Config) => (2 * drainTimeMs) / 1000 + 20;

/** What an operator puts into the files of secrets. */
const SECRETS: Readonly<Record<string, string>> = {
  "database-url": "postgres://causeway:secret@postgres/causeway",
  "nats-url": "tls://causeway:secret@nats",
  "node-secret": "0123456789abcdef0123456789abcdef",
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-deployment-"));
  for (const [name, text] of Object.entries(SECRETS)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o440);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads a container's environment as the backend does, with the secrets in this test's folder. */
function configOf(env: Readonly<Record<string, string>>, secrets: string): Config {
  const values = Object.entries(env).map(([name, value]) => [name, value.replace(`${secrets}/`, `${folder}/`)]);
  return readConfig(Object.fromEntries(values));
}

/** Variables of the image, which backend/deploy/Containerfile sets. */
const IMAGE_ENV = { PORT: "3000", INTERNAL_PORT: "3001" };

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

test.each([
  ["compose.yaml", '      TUNNEL_DISABLE_PATH_NORMALIZATION: "true"\n'],
  ["kubernetes.yaml", '            - { name: TUNNEL_DISABLE_PATH_NORMALIZATION, value: "true" }\n'],
  ["causeway-connector.service", "\nEnvironment=TUNNEL_DISABLE_PATH_NORMALIZATION=true\n"],
])("P10: %s turns path normalization off, which is on by default from 2027-01-25", async (name, line) => {
  expect(await read(name)).toContain(line);
});

interface ComposeService {
  readonly image: string;
  readonly profiles: readonly string[];
  readonly user: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
  readonly networks: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: {
    readonly tunnel: { readonly ipam: { readonly config: readonly [{ readonly subnet: string }] } };
  };
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const readCompose = async () => parse(await read("compose.yaml"), { merge: true }) as Compose;
const isBackend = ({ image }: ComposeService) => image.includes("causeway:");

test("O20: compose: every container is restricted, has a health check and a user that is not root", async () => {
  const { services } = await readCompose();
  expect(Object.keys(services).length).toBeGreaterThan(5);
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      restart: "unless-stopped",
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
      user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      image: expect.stringMatching(/:[\w.-]*\d+\.\d+[\w.-]*$|\{CAUSEWAY_IMAGE:-causeway:\d/),
      healthcheck: { test: expect.arrayContaining(["CMD"]) },
    });
    expect(service).not.toHaveProperty("privileged");
    expect(service).not.toHaveProperty("ports");
    expect(service).not.toHaveProperty("cap_add");
  }
});

test("O20: containers run as one user, which no login user of a machine is: the image, Compose, Kubernetes", async () => {
  const [compose, kubernetes, image] = await Promise.all(
    ["compose.yaml", "kubernetes.yaml", "../backend/deploy/Containerfile"].map(read),
  );
  const { services } = parse(compose ?? "", { merge: true }) as Compose;
  const users = Object.values(services).map(({ user }) => user);
  expect(new Set(users.filter((user) => user !== "999:999"))).toEqual(new Set(["10001:10001"])); // 999 is PostgreSQL
  expect(compose).toContain("/var/lib/causeway:uid=10001,gid=10001,mode=0700");
  expect(image).toMatch(/-o 10001 -g 10001 \/var\/lib\/causeway\nUSER 10001:10001$/m);
  expect(kubernetes).toMatch(/runAsUser: 10001\n +runAsGroup: 10001\n +fsGroup: 10001$/m);
});

test("O20: compose: each profile has one connector, and backends that it reaches as http://backend:3000", async () => {
  const { services, networks } = await readCompose();
  const counts = { embedded: 1, postgres: 1, nodes: 2 };
  for (const [profile, count] of Object.entries(counts)) {
    const named = Object.entries(services).filter(([, { profiles }]) => profiles.includes(profile));
    const backends = named.filter(([, service]) => isBackend(service));
    expect(backends).toHaveLength(count);
    for (const [name, { networks: joined }] of backends) {
      const names = "tunnel" in joined ? (joined.tunnel?.aliases ?? []) : [name];
      expect(names).toEqual(["backend"]);
    }
    expect(named.filter(([name]) => name === "connector")).toHaveLength(1);
  }
  expect(services.connector?.networks).toEqual(["tunnel"]);
  expect(services.backend?.environment?.TRUSTED_PEERS).toBe(networks.tunnel.ipam.config[0].subnet);
});

test("O15: compose: the backends accept their environment, and have more time to stop than they take", async () => {
  const { services, secrets } = await readCompose();
  for (const [name, service] of Object.entries(services).filter(([, each]) => isBackend(each))) {
    const set = { ORIGINS: "https://chat.example.com", REGISTRATION: "open", ACCESS_TEAM: "", ACCESS_AUDIENCE: "" };
    const env = { ...IMAGE_ENV, ...service.environment, ...set };
    const config = configOf(env, "/run/secrets");
    expect(config).toMatchObject({ host: "0.0.0.0", port: 3000, trustedPeers: [expect.any(String)] });
    expect(config.databaseUrl).toBe(service.profiles.includes("embedded") ? undefined : SECRETS["database-url"]);
    expect(config.nats?.tls?.caFile).toBe(name.startsWith("node-") ? join(folder, "nats-ca.pem") : undefined);
    expect(seconds(service.stop_grace_period)).toBeGreaterThanOrEqual(secondsToStop(config));
  }
  // a secret is in a file of its own, and a container has only those that it uses
  for (const { environment = {}, command = [], secrets: own = [] } of Object.values(services)) {
    const used = JSON.stringify([environment, command]).matchAll(/\/run\/secrets\/([\w.-]+)/g);
    const files = new Set([...used].map(([, file = ""]) => file));
    if (own.includes("nats.conf")) for (const file of ["nats-cert.pem", "nats-key.pem"]) files.add(file);
    expect([...own].sort()).toEqual([...files].sort());
    expect(JSON.stringify(environment)).not.toMatch(/postgres:\/\/|tls:\/\/|"(TUNNEL_TOKEN|NODE_SECRET)"/);
    for (const name of own) expect(secrets[name]?.file).toMatch(new RegExp(`^\\$\\{SECRETS[^}]*\\}/${name}$`));
  }
});

test("compose: the connector has its token in a file, a health check, and more time to stop than its grace period", async () => {
  const connector = (await readCompose()).services.connector!;
  const { environment = {} } = connector;
  expect(connector.command).toEqual(["tunnel", "run"]);
  expect(environment.TUNNEL_TOKEN_FILE).toBe("/run/secrets/tunnel-token");
  expect(environment).toHaveProperty("NO_AUTOUPDATE", "true");
  expect(connector.healthcheck.test.slice(-3)).toEqual(["--metrics", environment.TUNNEL_METRICS, "ready"]);
  expect(seconds(connector.stop_grace_period)).toBeGreaterThan(seconds(environment.TUNNEL_GRACE_PERIOD!));
});

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface Container {
  readonly image: string;
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly [string, string] } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript checks the file against the types of Kubernetes below
  readonly spec: any;
}

async function readManifests(): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await read("kubernetes.yaml"));
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  return documents.map((document) => document.toJS() as Manifest);
}

/** The problems that TypeScript finds in manifests, by the types of Kubernetes: unknown, missing and wrong fields. */
function problemsIn(manifests: readonly Manifest[]): readonly string[] {
  const sources = manifests.map((manifest, index) => {
    const { apiVersion, kind } = manifest;
    const [group = "", version] = apiVersion === "v1" ? ["core", "v1"] : apiVersion.split("/");
    const name = group.replace(".k8s.io", "");
    return (
      `import type { ${kind} as Kind${index} } from "kubernetes-types/${name}/${version}";\n` +
      `export const manifest${index}: Kind${index} = ${JSON.stringify(manifest)};\n`
    );
  });
  const file = join(import.meta.dirname, "kubernetes-manifests.ts");
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile: readSource } = host;
  const text = sources.join("");
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? text : readSource(path));
  host.getSourceFile = (path, ...rest) =>
    path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ESNext) : getSourceFile(path, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

test("O20: kubernetes: the manifests have the types of Kubernetes, and what has not is found", async () => {
  const manifests = await readManifests();
  expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "Deployment causeway-backend",
    "Service causeway-backend",
    "PodDisruptionBudget causeway-backend",
    "NetworkPolicy causeway-backend",
    "Deployment causeway-connector",
    "PodDisruptionBudget causeway-connector",
    "NetworkPolicy causeway-connector",
  ]);
  expect(problemsIn(manifests)).toEqual([]);
  const broken = structuredClone(manifests);
  broken[0]!.spec.template.spec.containers[0].livenesProbe = {};
  broken[1]!.spec.ports[0].port = "3000";
  delete broken[4]!.spec.selector;
  expect(problemsIn(broken).join("\n")).toMatch(/livenesProbe.*'string' is not assignable.*selector/s);
});

async function readPods() {
  const manifests = await readManifests();
  const deployments = manifests.filter(({ kind }) => kind === "Deployment");
  return deployments.map((deployment) => {
    const { template, replicas, selector } = deployment.spec;
    const container = template.spec.containers[0] as Container;
    const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    const others = manifests.filter(({ metadata }) => metadata.name === deployment.metadata.name);
    return { ...{ deployment, others, pod: template.spec, template, container, env, replicas, selector } };
  });
}

test("O20: kubernetes: two pods of each kind, restricted, of which one at least is always there", async () => {
  for (const { pod, container, template, replicas, selector, others } of await readPods()) {
    expect(replicas).toBe(2);
    expect(template.metadata.labels).toEqual(selector.matchLabels);
    const [budget] = others.filter(({ kind }) => kind === "PodDisruptionBudget");
    expect(budget?.spec).toEqual({ minAvailable: 1, selector });
    const [policy] = others.filter(({ kind }) => kind === "NetworkPolicy");
    expect(policy?.spec).toMatchObject({ podSelector: selector, policyTypes: ["Ingress"] });
    // https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted)
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      },
      resources: { limits: { memory: expect.any(String) } },
    });
    for (const { name } of container.volumeMounts)
      expect(pod.volumes.map((volume: { name: string }) => volume.name)).toContain(name);
    for (const volume of pod.volumes) if (volume.secret) expect(volume.secret.defaultMode).toBe(0o440);
    const names = container.ports.map(({ name }) => name);
    for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
      if (probe) expect(names).toContain(probe.httpGet.port);
  }
});

test("O15: kubernetes: the backend accepts its environment, serves connectors only, and has time to stop", async () => {
  const [{ container, env, pod, others, deployment }, connector] = (await readPods()) as [
    Awaited<ReturnType<typeof readPods>>[number],
    Awaited<ReturnType<typeof readPods>>[number],
  ];
  const config = configOf({ ...IMAGE_ENV, ...env }, "/run/secrets/causeway");
  expect(config).toMatchObject({
    host: "0.0.0.0",
    databaseUrl: SECRETS["database-url"],
    origins: [expect.any(String)],
  });
  expect(config.nats?.secrets).toEqual([SECRETS["node-secret"]]);
  expect(config.trustedPeers).toHaveLength(1);
  expect(JSON.stringify(env)).not.toContain("://causeway:");
  const wait = Number(container.lifecycle?.preStop.exec.command[1]);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(wait + secondsToStop(config));
  expect(deployment.spec.strategy).toEqual({ type: "Recreate" });
  expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([config.port, config.internalPort]);
  expect(container.readinessProbe.httpGet).toEqual({ path: "/health/ready", port: "internal" });
  expect(container.livenessProbe.httpGet).toEqual({ path: "/health/live", port: "internal" });
  const [policy] = others.filter(({ kind }) => kind === "NetworkPolicy");
  expect(policy?.spec.ingress).toEqual([
    { from: [{ podSelector: connector.selector }], ports: [{ protocol: "TCP", port: config.port }] },
  ]);
  const [service] = others.filter(({ kind }) => kind === "Service");
  expect(service?.spec).toEqual({
    selector: deployment.spec.selector.matchLabels,
    ports: [{ name: "http", port: config.port, targetPort: "http" }],
  });
});

test("kubernetes: a step proves that the network plugin keeps other pods from the backend", async () => {
  const text = await read("kubernetes.yaml");
  const [, name, port] = /^# {3}kubectl run .* wget -T3 -O- http:\/\/([\w-]+):(\d+)\/$/m.exec(text) ?? [];
  const service = (await readManifests()).find(({ kind }) => kind === "Service");
  expect([name, Number(port)]).toEqual([service?.metadata.name, service?.spec.ports[0].port]);
});

test("kubernetes: the connector has its token in a file, probes, and more time to stop than its grace period", async () => {
  const { container, env, pod } = (await readPods())[1]!;
  expect(container.args).toEqual(["tunnel", "run"]);
  expect(env).not.toHaveProperty("TUNNEL_TOKEN");
  expect(env.NO_AUTOUPDATE).toBe("true");
  const mount = container.volumeMounts[0]!;
  const volume = pod.volumes.find((one: { name: string }) => one.name === mount.name);
  expect(env.TUNNEL_TOKEN_FILE).toBe(`${mount.mountPath}/${volume.secret.items[0].path}`);
  expect(env.TUNNEL_METRICS).toBe(`0.0.0.0:${container.ports[0]?.containerPort}`);
  for (const probe of [container.readinessProbe, container.livenessProbe])
    expect(probe.httpGet).toEqual({ path: "/ready", port: container.ports[0]?.name });
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds(env.TUNNEL_GRACE_PERIOD!));
});

test("systemd: the units have more time to stop than their programs take", async () => {
  const valuesOf = (text: string, key: string) =>
    text
      .split("\n")
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  const connector = await read("causeway-connector.service");
  const grace = valuesOf(connector, "Environment").find((line) => line.startsWith("TUNNEL_GRACE_PERIOD="));
  expect(Number(valuesOf(connector, "TimeoutStopSec")[0])).toBeGreaterThan(seconds(grace?.split("=")[1] ?? ""));
  const backend = await read("../backend/deploy/causeway-backend.service");
  expect(Number(valuesOf(backend, "TimeoutStopSec")[0])).toBeGreaterThanOrEqual(secondsToStop(readConfig({})));
});
