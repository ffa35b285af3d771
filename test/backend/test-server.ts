import { once } from "node:events";
import { connect } from "node:net";
import type { ServiceBroker } from "moleculer";
import { io, type Socket } from "socket.io-client";
import { expectDescribed } from "./openapi-differences.ts";

export interface TestResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Record<string, never> & { error?: { code: string; message: string; field?: string } };
}

interface RequestParts {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** A running gateway, and what tests do with it as its clients. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly broker: ServiceBroker;
  /** The parsed lines of its log. */
  readonly log: Record<string, unknown>[];
  request(method: string, path: string, parts?: RequestParts): Promise<TestResponse>;
  /** Sends bytes and returns the bytes of the response, until the gateway closes the connection or `until` is true. */
  sendBytes(bytes: string | Buffer, until?: (text: string) => boolean): Promise<string>;
  /** Connects; rejects with the handshake's error. */
  connect(token?: unknown, options?: object): Promise<Socket>;
  stop(): Promise<void>;
}

/** A gateway that has been started. */
interface RunningServer {
  readonly url: string;
  readonly broker: ServiceBroker;
  stop(): Promise<void>;
}

/** Puts the clients of a test in front of a running gateway; `log` fills with what the gateway logs. */
export function testServer(running: RunningServer, log: Record<string, unknown>[]): TestServer {
  const { url, broker } = running;
  const port = Number(new URL(url).port);
  const open = new Set<Socket>();
  return {
    url,
    port,
    broker,
    log,
    async request(method, path, { body, token, headers } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: "error",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      } as RequestInit);
      const text = await response.text();
      const testResponse = {
        status: response.status,
        headers: response.headers,
        text,
        json: parseJson(text) as TestResponse["json"],
      };
      // the gateway makes the refusals, also those of a test's own services
      if (testResponse.status >= 400) expectDescribed(method, path, testResponse);
      return testResponse;
    },
    async sendBytes(bytes, until) {
      const connection = connect({ port, host: "127.0.0.1" });
      connection.on("error", () => undefined);
      let text = "";
      connection.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
        if (until?.(text)) connection.destroy();
      });
      connection.write(bytes);
      await once(connection, "close");
      return text;
    },
    connect(token, options = {}) {
      const socket = io(url, {
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
        auth: { token },
        ...options,
      });
      open.add(socket);
      return new Promise((resolve, reject) => {
        socket.on("connect", () => resolve(socket));
        socket.on("connect_error", reject);
      });
    },
    async stop() {
      for (const socket of open) socket.close();
      await running.stop();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
