import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { StartWith } from "../tunnel/tunnel-suite.ts";
import { HOST, TestSite } from "./test-site.ts";

/** WebSockets through the edge, with any connector. */
export function websocketSuite(title: string, connector: StartWith): void {
  describe(title, () => {
    let testSite: TestSite;
    let server: WebSocketServer;
    let handshakes: IncomingMessage[] = [];
    let originWebSockets: WebSocket[] = [];
    const originConnections = new Set<Socket>();
    let onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void;

    const accept: typeof onUpgrade = (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (open) => {
        originWebSockets.push(open);
        open.on("error", () => {});
        open.on("message", (data, binary) => open.send(data, { binary }));
      });
    };

    beforeAll(async () => {
      server = new WebSocketServer({ noServer: true });
      testSite = await TestSite.build((_request, response) => response.end("plain"), {
        connector,
        edge: { maxWebSockets: 4 },
      });
      testSite.origin.on("upgrade", (request, socket: Socket, head) => {
        handshakes.push(request);
        originConnections.add(socket);
        socket.on("error", () => {});
        onUpgrade(request, socket, head);
      });
    });
    afterAll(async () => {
      // the HTTP server does not close what was upgraded, and waits for it
      for (const socket of originConnections) socket.destroy();
      await testSite.close();
      server.close();
    });
    beforeEach(async () => {
      await testSite.clear();
      testSite.records.length = 0;
      handshakes = [];
      originWebSockets = [];
      onUpgrade = accept;
    });

    function dial(path = "/socket", headers: Record<string, string> = {}): WebSocket {
      const socket = new WebSocket(`ws://127.0.0.1:${testSite.edge.port}${path}`, {
        headers: { host: HOST, ...headers },
      });
      socket.on("error", () => {});
      return socket;
    }

    async function open(path?: string, headers?: Record<string, string>): Promise<WebSocket> {
      const socket = dial(path, headers);
      await once(socket, "open");
      return socket;
    }

    async function terminate(...sockets: readonly WebSocket[]): Promise<void> {
      for (const socket of sockets) {
        socket.terminate();
        if (socket.readyState !== WebSocket.CLOSED) await once(socket, "close");
      }
    }

    /** The response to a refused handshake. */
    async function refusal(socket: WebSocket): Promise<IncomingMessage> {
      const [, response] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
      return response;
    }

    const HANDSHAKE = `GET /socket HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;

    describe("an open WebSocket", () => {
      test("carries text and large binary messages both ways", async () => {
        const socket = await open();
        socket.send("hello");
        expect(String((await once(socket, "message"))[0])).toBe("hello");
        const large = Buffer.alloc(3_000_000, "causeway");
        socket.send(large);
        const [echo] = (await once(socket, "message")) as [RawData];
        expect(Buffer.compare(echo as Buffer, large)).toBe(0);
        await terminate(socket);
        expect((await testSite.over(1))[0]).toMatchObject({
          status: 101,
          path: "/socket",
          verdict: { outcome: "pass" },
        });
      });

      test("passes the close code on, in both directions", async () => {
        const first = await open();
        const [atOrigin] = originWebSockets;
        first.close(4001, "bye");
        expect((await once(atOrigin!, "close"))[0]).toBe(4001);
        const second = await open();
        originWebSockets[1]!.close(4002, "away");
        expect((await once(second, "close"))[0]).toBe(4002);
      });

      test("ends at both sides when the origin or the client disconnects", async () => {
        const first = await open();
        originWebSockets[0]!.terminate();
        expect((await once(first, "close"))[0]).toBe(1006);
        const second = await open();
        const closed = once(originWebSockets[1]!, "close");
        second.terminate();
        await closed;
      });

      test("ends when the client closes only its half", async () => {
        const socket = connect(testSite.edge.port, "127.0.0.1");
        socket.write(`${HANDSHAKE}\r\n`);
        await once(socket, "data");
        const closed = once(originWebSockets[0]!, "close");
        socket.end();
        await Promise.all([closed, once(socket, "close")]);
        expect((await testSite.over(1))[0]?.status).toBe(101);
      });
    });

    describe("the handshake", () => {
      test("carries the visitor's address to the origin; forged headers do not arrive", async () => {
        const socket = await open("/socket?a=b", {
          "CF-Connecting-IP": "6.6.6.6",
          "x-real-ip": "6.6.6.6",
          "X-Forwarded-Proto": "http",
          "CF-IPCountry": "XX",
        });
        const [request] = handshakes;
        expect(request?.url).toBe("/socket?a=b");
        expect(request?.headers).toMatchObject({
          "cf-connecting-ip": "127.0.0.1",
          "x-forwarded-for": "127.0.0.1",
          "x-forwarded-proto": "https",
          host: HOST,
        });
        expect(JSON.stringify(request?.rawHeaders)).not.toContain("6.6.6.6");
        expect(request?.headers["cf-ipcountry"]).toBeUndefined();
        await terminate(socket);
      });

      test("passes the rules like any request; the frames after it do not", async () => {
        await testSite.deploy("http_request_firewall_custom", [
          {
            ref: "no_sockets",
            expression: 'http.request.headers["upgrade"][0] eq "websocket" and http.request.uri.query eq "no"',
            action: "block",
          },
        ]);
        const refused = await refusal(dial("/socket?no"));
        expect(refused.statusCode).toBe(403);
        expect(refused.headers["cf-ray"]).toMatch(/-LCL$/);
        expect(handshakes).toEqual([]);
        const refusals = testSite.records.filter(({ status }) => status === 403);
        expect(refusals).toMatchObject([{ path: "/socket", verdict: { by: { ref: "no_sockets" } } }]);
        const socket = await open("/socket?yes");
        socket.send("no");
        expect(String((await once(socket, "message"))[0])).toBe("no");
        await terminate(socket);
      });

      test("that the origin refuses is refused with its status, headers and body", async () => {
        onUpgrade = (_request, socket) =>
          socket.end("HTTP/1.1 401 Unauthorized\r\nX-Why: token\r\nContent-Length: 4\r\n\r\nwho?");
        const refused = await refusal(dial());
        expect(refused.statusCode).toBe(401);
        expect(refused.headers["x-why"]).toBe("token");
        const [body] = (await once(refused, "data")) as [Buffer];
        expect(body.toString()).toBe("who?");
      });

      test("that the origin breaks off is a 502; without a connector it is a 530", async () => {
        onUpgrade = (_request, socket) => socket.destroy();
        expect((await refusal(dial())).statusCode).toBe(502);
        await testSite.stopConnector();
        expect((await refusal(dial())).statusCode).toBe(530);
        await testSite.startConnector();
      });

      test("beyond the cap is refused with 503, and a place is free again when one closes", async () => {
        const sockets = [];
        for (let count = 0; count < 4; count += 1) sockets.push(await open());
        expect((await refusal(dial())).statusCode).toBe(503);
        await terminate(...sockets);
        await testSite.over(5);
        await terminate(await open());
      });

      test("for something else than a WebSocket is served as a plain request", async () => {
        const reply = await testSite.raw(
          `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
        );
        expect(reply).toMatch(/^HTTP\/1\.1 200 /);
        expect(reply).toContain("plain");
      });

      test("with a body is no WebSocket", async () => {
        const reply = await testSite.raw(`${HANDSHAKE}Content-Length: 2\r\n\r\nhi`, (text) =>
          text.includes("\r\n\r\n"),
        );
        expect(reply).toMatch(/^HTTP\/1\.1 200 /);
        expect(handshakes).toEqual([]);
      });

      test("is a plain request where the zone's websockets setting is off", async () => {
        const setting = `/zones/${testSite.api.zoneId}/settings/websockets`;
        await testSite.call("PATCH", setting, { value: "off" });
        expect((await refusal(dial())).statusCode).toBe(200);
        await testSite.call("PATCH", setting, { value: "on" });
        await terminate(await open());
      });

      test("frames sent together with the handshake arrive", async () => {
        const socket = connect(testSite.edge.port, "127.0.0.1");
        const text = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]); // "hi", masked with zeros
        socket.write(Buffer.concat([Buffer.from(`${HANDSHAKE}\r\n`), text]));
        let received = "";
        while (!received.endsWith("\x81\x02hi"))
          received += ((await once(socket, "data"))[0] as Buffer).toString("latin1");
        expect(received).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
        socket.destroy();
      });
    });
  });
}
