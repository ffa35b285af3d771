/** A site on this machine for tests: origin, connector, tunnel, edge, and the API with what is deployed. All real. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalApi, type Seed, startApi } from "../../../../infra/local/api/index.ts";
import {
  type DeploymentProblem,
  type Edge,
  type EdgeOptions,
  type RequestRecord,
  startEdge,
} from "../../../../infra/local/edge/index.ts";
import { authorizeTunnel, startTunnelEdge, type TunnelEdge } from "../../../../infra/local/tunnel/index.ts";
import type { Phase, Plan, Rule } from "../../../../infra/rules/index.ts";
import { ownConnector } from "../tunnel/own-connector.ts";
import type { ConnectorUnderTest, StartWith } from "../tunnel/tunnel-suite.ts";

export const HOST = "chat.causeway.localhost";

export interface TestSiteOptions {
  readonly plan?: Plan;
  readonly zones?: Seed["zones"];
  readonly edge?: Partial<EdgeOptions>;
  /** Our own by default. */
  readonly connector?: StartWith;
}

/** The response that a visitor got. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly raw: readonly string[];
  readonly body: string;
}

export class TestSite {
  readonly api: LocalApi;
  readonly edge: Edge;
  readonly tunnel: TunnelEdge;
  readonly origin: Server;
  readonly records: RequestRecord[] = [];
  readonly problems: DeploymentProblem[] = [];
  tunnelId = "";
  token = "";
  #connector: ConnectorUnderTest | undefined;
  readonly #startWith: StartWith;
  #waiting: { count: number; done: () => void }[] = [];
  readonly #folder: string;

  private constructor(parts: {
    api: LocalApi;
    tunnel: TunnelEdge;
    origin: Server;
    folder: string;
    edge: Edge;
    startWith: StartWith;
  }) {
    this.api = parts.api;
    this.tunnel = parts.tunnel;
    this.origin = parts.origin;
    this.edge = parts.edge;
    this.#folder = parts.folder;
    this.#startWith = parts.startWith;
  }

  static async build(handler: RequestListener, options: TestSiteOptions = {}): Promise<TestSite> {
    const folder = await mkdtemp(join(tmpdir(), "causeway-edge-"));
    const zones = options.zones ?? [{ name: "causeway.localhost", plan: options.plan ?? "enterprise" }];
    const api = await startApi({ seed: { zones } });
    const tunnel = await startTunnelEdge({
      certificates: folder,
      authorize: (claim) => authorizeTunnel(api.cloud.tunnel(claim.tunnelId), claim),
      onConnections: () => {},
    });
    const origin = createServer({ maxHeaderSize: 256 * 1024 }, handler);
    await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
    let testSite: TestSite | undefined;
    const edge = await startEdge({
      cloud: api.cloud,
      tunnel,
      onRequest: (record) => testSite?.recorded(record),
      onProblem: (problem) => testSite?.problems.push(problem),
      ...options.edge,
    });
    testSite = new TestSite({ api, tunnel, origin, folder, edge, startWith: options.connector ?? ownConnector });
    await testSite.openTunnel();
    return testSite;
  }

  /** Sends all requests to another origin on this machine from now on. */
  async sendTo(port: number): Promise<void> {
    const ingress = [{ hostname: HOST, service: `http://127.0.0.1:${port}` }, { service: "http_status:404" }];
    await this.stopConnector();
    await this.call("PUT", `/accounts/${this.api.accountId}/cfd_tunnel/${this.tunnelId}/configurations`, {
      config: { ingress },
    });
    await this.startConnector();
  }

  async openTunnel(): Promise<void> {
    const account = `/accounts/${this.api.accountId}/cfd_tunnel`;
    const created = await this.call("POST", account, { name: `test ${randomUUID()}`, config_src: "cloudflare" });
    this.tunnelId = String((created as { id: string }).id);
    const { port } = this.origin.address() as AddressInfo;
    const ingress = [{ hostname: HOST, service: `http://127.0.0.1:${port}` }, { service: "http_status:404" }];
    await this.call("PUT", `${account}/${this.tunnelId}/configurations`, { config: { ingress } });
    this.token = String(await this.call("GET", `${account}/${this.tunnelId}/token`));
    await this.record(HOST, "CNAME", `${this.tunnelId}.cfargotunnel.com`);
    await this.startConnector();
  }

  async startConnector(): Promise<void> {
    const { address: edge, caFile } = this.tunnel;
    this.#connector = await this.#startWith({ token: this.token, edge, caFile, gracePeriod: 100 });
    await this.#connector.ready;
  }

  async stopConnector(): Promise<void> {
    await this.#connector?.stop();
    this.#connector = undefined;
  }

  async record(name: string, type: string, content: string, proxied = true): Promise<void> {
    await this.call("POST", `/zones/${this.api.zoneId}/dns_records`, { name, type, content, proxied, ttl: 1 });
  }

  readonly #deployed = new Set<Phase>();

  /** Takes away every rule that was deployed. */
  async clear(): Promise<void> {
    for (const phase of this.#deployed) await this.deploy(phase, []);
    this.#deployed.clear();
  }

  async deploy(phase: Phase, rules: readonly Rule[]): Promise<void> {
    this.#deployed.add(phase);
    await this.call("PUT", `/zones/${this.api.zoneId}/rulesets/phases/${phase}/entrypoint`, { rules });
  }

  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.api.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.api.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { success: boolean; result: unknown; errors: unknown };
    if (!answer.success) throw new Error(`${method} ${path}: ${JSON.stringify(answer.errors)}`);
    return answer.result;
  }

  recorded(record: RequestRecord): void {
    this.records.push(record);
    for (const waiting of this.#waiting) if (this.records.length >= waiting.count) waiting.done();
  }

  /** Waits until this many requests have finished; returns the records of all that have. */
  async over(count: number): Promise<readonly RequestRecord[]> {
    if (this.records.length < count) await new Promise<void>((done) => this.#waiting.push({ count, done }));
    return this.records;
  }

  /** Sends a request as a well-behaved client. */
  get(
    path = "/",
    options: {
      method?: string;
      host?: string;
      headers?: Record<string, string | string[]>;
      body?: string;
      /** Over the listener that counts as plain HTTP. */
      plain?: boolean;
      /** Another edge's port on 127.0.0.1. */
      port?: number;
    } = {},
  ): Promise<Reply> {
    const { method = "GET", host = HOST, headers = {}, body, plain = false } = options;
    const port = options.port ?? (plain ? this.edge.plainPort : this.edge.port);
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        port,
        host: "127.0.0.1",
        path,
        method,
        headers: { host, ...headers },
        agent: false,
      });
      sent.once("error", reject);
      sent.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            raw: response.rawHeaders,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.end(body);
    });
  }

  /** A connection to the edge. */
  dial(): Socket {
    return connect(this.edge.port, "127.0.0.1");
  }

  /** Sends bytes and reads until the edge closes the connection, or until `enough` returns true. */
  raw(bytes: string | Buffer, enough: (received: string) => boolean = () => false): Promise<string> {
    return new Promise((resolve) => {
      const socket = this.dial();
      let received = "";
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
        if (enough(received)) socket.destroy();
      });
      socket.on("error", () => {});
      socket.once("close", () => resolve(received));
      socket.write(bytes);
    });
  }

  async close(): Promise<void> {
    await this.edge.close();
    await this.stopConnector();
    await this.tunnel.close();
    this.origin.closeAllConnections();
    await new Promise((done) => this.origin.close(done));
    await this.api.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
