import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { connect, type TLSSocket } from "node:tls";
import type { TunnelEdge } from "../../../../infra/local/tunnel/index.ts";
import type { RegistrationResult } from "../../../../infra/local/tunnel/wire/registration.ts";
import { RegistrationClient } from "../../../../infra/local/tunnel/wire/registration-client.ts";

/** A connector that the test controls step by step. */
export interface FakeConnector {
  readonly socket: TLSSocket;
  readonly session: ServerHttp2Session;
  readonly control: ServerHttp2Stream;
  readonly client: RegistrationClient;
  /** Resolves when the edge has closed the connection. */
  readonly closed: Promise<unknown>;
  register(claim: { tunnelId: string; secret: Buffer; clientId?: string; index?: number }): Promise<RegistrationResult>;
}

export async function tlsTo(edge: TunnelEdge): Promise<TLSSocket> {
  const socket = connect({
    host: "127.0.0.1",
    port: Number(edge.address.split(":")[1]),
    servername: "h2.cftunnel.com",
    ca: await readFile(edge.caFile),
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  return socket;
}

/** Connects and waits for the control stream; other streams of the edge go to `serve`. */
export async function fakeConnector(
  edge: TunnelEdge,
  serve: (stream: ServerHttp2Stream, kind: string | undefined) => void = (stream) =>
    stream.respond({ ":status": 200 }, { endStream: true }),
): Promise<FakeConnector> {
  const socket = await tlsTo(edge);
  const closed = once(socket, "close");
  const session = performServerHandshake(socket);
  session.on("error", () => {});
  const control = await new Promise<ServerHttp2Stream>((resolve) => {
    session.on("stream", (stream, headers) => {
      const kind = headers["cf-cloudflared-proxy-connection-upgrade"];
      stream.on("error", () => {});
      if (kind === "control-stream") resolve(stream);
      else serve(stream, typeof kind === "string" ? kind : undefined);
    });
  });
  control.respond({ ":status": 200 });
  const client = new RegistrationClient(control);
  return {
    socket,
    session,
    control,
    client,
    closed,
    register: ({ tunnelId, secret, clientId = randomUUID(), index = 0 }) =>
      client.register({
        accountTag: "account",
        tunnelSecret: secret,
        tunnelId,
        connectionIndex: index,
        clientId,
        features: [],
        version: "fake",
        arch: "none",
        originLocalIp: Buffer.alloc(0),
        previousAttempts: 0,
      }),
  };
}
