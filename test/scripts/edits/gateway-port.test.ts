import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { GatewayPort } from "../../../scripts/edits/gateway-port.ts";

let port: GatewayPort;
let backends: Server[];
beforeEach(async () => {
  backends = [];
  port = await GatewayPort.open(0);
});
afterEach(async () => {
  await port.close();
  for (const backend of backends) backend.close();
});

/** A backend that reads what a client sends, and responds with its own name. */
async function backendNamed(name: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let sent = "";
    socket.setEncoding("utf8").on("data", (part: string) => (sent += part));
    socket.on("end", () => socket.end(`${name} got ${sent}`)).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  backends.push(server);
  return (server.address() as AddressInfo).port;
}

function send(words: string): Promise<string> {
  const socket: Socket = connect({ port: Number(new URL(port.url).port), host: "127.0.0.1", allowHalfOpen: true });
  socket.end(words);
  return text(socket);
}

test("D2: what connects while the backend is exchanged waits for the next one, and loses nothing", async () => {
  port.passTo(await backendNamed("one"));
  expect(await send("a")).toBe("one got a");
  port.hold();
  const waiting = [send("b"), send("c")];
  const first = await Promise.race([...waiting, new Promise((resolve) => setImmediate(resolve, "still waiting"))]);
  expect(first).toBe("still waiting");
  port.passTo(await backendNamed("two"));
  expect(await Promise.all(waiting)).toEqual(["two got b", "two got c"]);
});

test("where there is no backend, connections are closed, also those that waited", async () => {
  const waiting = send("a");
  port.refuse();
  const outcomes = await Promise.allSettled([waiting, send("b")]);
  expect(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value !== "")).toEqual([false, false]);
});

test("a backend that has just ended ends the connection", async () => {
  const gone = await backendNamed("gone");
  await new Promise((resolve) => backends.pop()?.close(resolve));
  port.passTo(gone);
  const [outcome] = await Promise.allSettled([send("a")]);
  expect(outcome.status === "fulfilled" && outcome.value !== "").toBe(false);
});
