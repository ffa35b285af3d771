import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** An origin that shows what reached it. */
export interface Origin {
  readonly url: string;
  /** TCP connections accepted so far. */
  readonly accepted: number;
  /** Requests whose client disconnected before the response. */
  readonly aborted: number;
  /** Lets the responses to `/held` requests go. */
  release(): void;
  /** Resolves when a `/held` request has arrived. */
  readonly held: Promise<void>;
  close(): Promise<void>;
}

export async function startOrigin(): Promise<Origin> {
  let accepted = 0;
  let aborted = 0;
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const server: Server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    response.on("close", () => {
      if (!response.writableFinished) aborted += 1;
    });
    if (path === "/cookies") {
      response.writeHead(201, { "set-cookie": ["a=1", "b=2"], "x-latin": "caf\u00e9" }).end("ok");
    } else if (path === "/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 0\n\n");
      // The next event only after the reader has confirmed the one before, by a request.
      steps.push(
        (text) => response.write(text),
        () => response.end(),
      );
    } else if (path === "/step") {
      steps[0]?.("data: 1\n\n");
      response.end();
    } else if (path === "/last") {
      steps[1]?.("");
      response.end();
    } else if (path === "/trailers") {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "x-sum": "42" });
      response.end();
    } else if (path === "/held") {
      held.resolve();
      void release.promise.then(() => response.end("released"));
    } else if (path === "/big") {
      response.writeHead(200);
      const block = Buffer.alloc(64 * 1024, 1);
      let left = 1024;
      const write = () => {
        while (left > 0) {
          left -= 1;
          sent += block.length;
          if (!response.write(block)) return void response.once("drain", write);
        }
        response.end();
      };
      write();
    } else if (path === "/sent") {
      response.end(String(sent));
    } else if (path === "/headers") {
      const kilobytes = Number(request.url?.split("?")[1]);
      for (let index = 0; index < kilobytes; index += 1) response.setHeader(`x-${index}`, "h".repeat(1024));
      response.end("ok");
    } else if (path === "/refuse") {
      response.writeHead(413, { connection: "close" }).end("too large");
    } else if (path === "/cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half", () => response.socket?.destroy());
    } else {
      const hash = createHash("sha256");
      let length = 0;
      request.on("data", (chunk: Buffer) => {
        length += chunk.length;
        hash.update(chunk);
      });
      request.on("end", () => {
        const { method, url, rawHeaders } = request;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ method, url, rawHeaders, length, sha256: hash.digest("hex") }));
      });
    }
  });
  const steps: ((text: string) => void)[] = [];
  let sent = 0;
  server.on("connection", () => {
    accepted += 1;
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => "chat" });
  sockets.on("connection", (socket) => {
    socket.on("message", (message, binary) => socket.send(binary ? message : `echo:${message.toString()}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get accepted() {
      return accepted;
    },
    get aborted() {
      return aborted;
    },
    release: () => release.resolve(),
    held: held.promise,
    async close() {
      release.resolve();
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
