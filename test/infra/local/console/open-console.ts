/** A console for tests, opened by its address. */
import { once } from "node:events";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { buildConsolePage, startConsole } from "../../../../infra/local/console/index.ts";

export interface ConsoleReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type OpenConsole = Awaited<ReturnType<typeof openConsole>>;

/** Starts a console on a free port, and exchanges its token for the cookie. */
export async function openConsole(options: Omit<Parameters<typeof startConsole>[0], "port" | "files" | "connectors">) {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  const running = await startConsole({
    ...options,
    port,
    files: await buildConsolePage(),
    connectors: async () => [],
  });
  const origin = `http://127.0.0.1:${port}`;
  const send = (method: string, path: string, headers: OutgoingHttpHeaders, body?: string) =>
    new Promise<ConsoleReply>((resolve, reject) => {
      const sent = request(`${origin}/`, { path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      sent.once("error", reject).end(body);
    });
  const first = await send("GET", running.address.slice(origin.length), {});
  const cookie = String(first.headers["set-cookie"]).split(";")[0] ?? "";
  const headers = { cookie, origin, "content-type": "application/json" };
  return {
    origin,
    cookie,
    /** The headers that an action needs. */
    headers,
    send,
    /** What a path of the API has. */
    async read<T>(path: string): Promise<{ readonly status: number; readonly value: T }> {
      const { status, body } = await send("GET", `/api/${path}`, { cookie });
      return { status, value: JSON.parse(body) as T };
    },
    /** What an action of the API does. */
    async act<T>(path: string, value: unknown): Promise<{ readonly status: number; readonly value: T }> {
      const { status, body } = await send("POST", `/api/${path}`, headers, JSON.stringify(value));
      return { status, value: JSON.parse(body) as T };
    },
    beginEdit: () => running.beginEdit(),
    close: () => running.close(),
  };
}
