import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io, type Socket } from "socket.io-client";
import { startCloudflared } from "../../cloudflared/index.ts";
import type { RequestRecord } from "../../infra/local/edge/index.ts";
import { type LocalSite, startLocalSite } from "../../scripts/local-site/local-site.ts";

/** The whole kit in a folder of its own, on free ports, with what it reported. */
export interface TestSite {
  readonly kit: LocalSite;
  readonly records: readonly RequestRecord[];
  readonly warnings: readonly string[];
}

export const newDataDir = () => mkdtempSync(join(tmpdir(), "causeway-journey-"));
export const forget = (dataDir: string) => rmSync(dataDir, { recursive: true, force: true });

/**
 * Makes ports that the system does not give to others by itself: they are still free when a second start needs them.
 */
function unusedPorts() {
  const first = randomInt(20_000, 30_000);
  return { edge: first, gateway: first + 1, api: first + 2, tunnel: first + 3 };
}

/** No PATH: the connector is our own, whatever this machine has installed. */
const OWN_CONNECTOR = {};

/**
 * Starts it as `npm start` does; a second start in the same folder takes the same ports. `env` is where cloudflared is
 * looked for: without it the connector is our own.
 */
export async function openTestSite(
  dataDir: string,
  again = false,
  env: NodeJS.ProcessEnv = OWN_CONNECTOR,
): Promise<TestSite> {
  const records: RequestRecord[] = [];
  const warnings: string[] = [];
  const kit = await startLocalSite({
    dataDir,
    ...(again ? {} : { ports: unusedPorts() }),
    env: { ...env, DRAIN_SECONDS: "1" },
    onRequest: (record) => records.push(record),
    onProblem: ({ message }) => warnings.push(message),
    warn: (line) => warnings.push(line),
  });
  return { kit, records, warnings };
}

/** Another connector for the same tunnel, as `npm run connector` starts one. */
export const startConnector = ({ applied, tunnel }: LocalSite, env: NodeJS.ProcessEnv = OWN_CONNECTOR) =>
  startCloudflared({
    token: String(applied.secrets.tunnelToken),
    local: { edge: tunnel.address, caFile: tunnel.caFile },
    env,
    gracePeriodMs: 1_000,
  });

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form, in place of a body. */
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string | string[]>;
  /** Another hostname than the chat's. */
  readonly host?: string;
}

/** Where the requests go. */
export type AskedSite = Pick<LocalSite, "hostname"> & { readonly edge: Pick<LocalSite["edge"], "port"> };

/**
 * A request to the edge. Node does not resolve names under localhost, so the address is given and the name goes into
 * `Host`.
 */
export function ask({ edge, hostname }: AskedSite, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const form = asked.form && new URLSearchParams(asked.form).toString();
  const body = form ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body));
  const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  const headers = {
    host: `${asked.host ?? hostname}:${edge.port}`,
    ...(body === undefined ? {} : { "content-type": type, "content-length": Buffer.byteLength(body) }),
    ...asked.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: "127.0.0.1", port: edge.port, method, path, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/**
 * Goes through the login of Access as a browser does, for a path that it protects. Returns the cookie of the session;
 * undefined where the address is refused.
 */
export async function signIn(site: AskedSite, path: string, email: string): Promise<string | undefined> {
  const first = await ask(site, "GET", path);
  const login = new URL(first.headers.location ?? "");
  const browser = first.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  const form = { meta: login.searchParams.get("meta") ?? "", email };
  const { headers } = await ask(site, "POST", login.pathname, { host: login.hostname, form });
  if (headers.location === undefined) return undefined;
  const { pathname, search } = new URL(headers.location);
  const done = await ask(site, "GET", `${pathname}${search}`, { headers: { cookie: browser } });
  return done.headers["set-cookie"]?.[0]?.split(";")[0];
}

/** A user who registered; all have the same password. */
export interface Member {
  readonly email: string;
  readonly accessToken: string;
}

export const PASSWORD = "a long enough secret";

export async function register(kit: LocalSite, name: string): Promise<Member> {
  const email = `${name.toLowerCase()}@example.org`;
  const { status, text } = await ask(kit, "POST", "/api/auth/register", { body: { email, password: PASSWORD, name } });
  if (status !== 200 && status !== 201) throw new Error(`registering ${name} answered ${status}: ${text}`);
  return { email, accessToken: JSON.parse(text).accessToken };
}

/** A socket through the edge. It does not reconnect by itself unless `reconnection` is set. */
export function connect(
  { edge, hostname, chat }: LocalSite,
  { accessToken }: Member,
  reconnection = false,
): Promise<Socket> {
  const socket = io(`http://127.0.0.1:${edge.port}`, {
    transports: ["websocket"],
    auth: { token: accessToken },
    extraHeaders: { host: `${hostname}:${edge.port}`, origin: chat },
    forceNew: true,
    reconnection,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", (error) => {
      socket.close();
      reject(error);
    });
  });
}

/** A call over the socket: the result, or the refusal thrown. */
export async function call<T>(socket: Socket, action: string, params: object): Promise<T> {
  const answer = await new Promise<[error: object | null, result: T]>((resolve, reject) => {
    socket.timeout(5_000).emit("call", action, params, (late: Error | null, error: object | null, result: T) => {
      if (late) reject(late);
      else resolve([error, result]);
    });
  });
  if (answer[0]) throw Object.assign(new Error(JSON.stringify(answer[0])), answer[0]);
  return answer[1];
}
