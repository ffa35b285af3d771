import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Context, ServiceSchema } from "moleculer";
import type { StreamMeta } from "../../../../backend/contract/index.ts";
import type { StreamEntry } from "../../../../backend/surface.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

/** What the action of a test does with a request. */
export type StreamHandler = (ctx: Context<Record<string, unknown>, StreamMeta & Record<string, unknown>>) => unknown;

/** An entry and what its action does. */
export type StreamCase = Omit<Partial<StreamEntry>, "kind"> & {
  readonly returns: StreamEntry["returns"];
  readonly run: StreamHandler;
};

type Options = Omit<NonNullable<Parameters<typeof startTestGateway>[1]>, "entries" | "services">;

/** A gateway with one entry for each case, at `/api/NAME` unless the case says otherwise. */
export function startStreamGateway(
  cases: Readonly<Record<string, StreamCase>>,
  options: Options = {},
  services: readonly ServiceSchema[] = [streamService(cases)],
): Promise<TestGateway> {
  const entries = Object.entries(cases).map(
    ([name, { run: _, ...entry }]): StreamEntry => ({
      kind: "stream",
      method: entry.body ? "POST" : "GET",
      path: `/api/${name}`,
      action: `files.${name}`,
      summary: "A test's own",
      access: "user",
      rate: "read",
      bodyLimit: entry.body ? 1024 : 0,
      params: {},
      ...entry,
    }),
  );
  return startTestGateway({}, { ...options, entries, services });
}

/** The service that owns the actions of the cases. */
export function streamService(cases: Readonly<Record<string, StreamCase>>): ServiceSchema {
  const actions = Object.entries(cases).map(([name, { access, run }]) => [
    name,
    { auth: access === "public" ? "public" : "required", visibility: "published", streams: true, handler: run },
  ]);
  return { name: "files", actions: Object.fromEntries(actions) };
}

/** The head of a request of a user. */
export function headOf(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const all = { host: "localhost", authorization: `Bearer ${tokenOf("ann")}`, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

/** A connection on which a test sends what it likes, and what has come back. */
export interface RawConnection {
  readonly socket: Socket;
  readonly text: string;
  /** Resolves when what has come back says enough. */
  until(isEnough: (text: string) => boolean): Promise<string>;
  /** Resolves when the other side has closed the connection. */
  readonly closed: Promise<string>;
}

export function openConnection(port: number): RawConnection {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.on("error", () => undefined);
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  const closed = once(socket, "close").then(() => text);
  return {
    socket,
    closed,
    get text() {
      return text;
    },
    async until(isEnough) {
      while (!isEnough(text)) {
        if (socket.closed) throw new Error(`the connection was closed after: ${text}`);
        await Promise.race([once(socket, "data"), closed]);
      }
      return text;
    },
  };
}
