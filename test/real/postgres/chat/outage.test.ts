import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { sidOf } from "../../../backend/sample-values.ts";
import { emit } from "../../../backend/socket-calls.ts";
import { openStore } from "../../../backend/store/open-store.ts";
import { startTestBackend, type TestBackend } from "../../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../cluster.ts";

let cluster: Cluster;
let databaseUrl: string;
let backend: TestBackend;
beforeAll(async () => {
  cluster = await startCluster();
  databaseUrl = (await cluster.database()).url;
  backend = await startTestBackend({ config: { DATABASE_URL: databaseUrl } });
});
afterAll(async () => {
  await backend.stop();
  await cluster.stop();
});

test("N9: while the database is stopped, requests are UNAVAILABLE with retry-after, and the log has one line a second", async () => {
  const person = await backend.registerUser();
  const socket = await backend.connect(person.accessToken);
  await emit(socket, "call", "chat.join", { room: "lobby" });
  await backend.registerUser(); // another user is there, so that presence has to be told
  const before = backend.log.length;

  await cluster.halt();
  const started = performance.now();
  const refusals: unknown[] = [];
  for (let n = 0; performance.now() - started < 3_000 || refusals.length < 100; n += 1) {
    const [send, join, login, me] = await Promise.all([
      emit(socket, "call", "chat.send", { room: "lobby", text: "hello", clientId: `m${n}` }),
      emit(socket, "call", "chat.join", { room: "lobby" }),
      backend.request("POST", "/api/auth/login", { body: { email: person.email, password: person.password } }),
      backend.request("GET", "/api/users/me", { token: person.accessToken }),
    ]);
    for (const { error } of [send, join]) refusals.push(error);
    for (const { status, headers, json } of [login, me])
      refusals.push({ code: json.error?.code, retryAfter: Number(headers.get("retry-after")), status });
    await delay(20);
  }
  await expect(backend.connect(person.accessToken)).rejects.toMatchObject({
    message: "UNAVAILABLE",
    data: { retryAfter: 1 },
  });
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "UNAVAILABLE", retryAfter: 1 });
  const errors = backend.log.slice(before).filter(({ level }) => level === "error" || level === "warn");
  expect(new Set(errors.map(({ msg }) => msg))).toEqual(
    new Set(["the database does not work: requests that need it are refused"]),
  );
  expect(errors.length).toBeGreaterThanOrEqual(2);
  const times = errors.map(({ time }) => Date.parse(String(time)));
  // both clocks count whole milliseconds, and not from the same moment
  for (const [n, at] of times.slice(1).entries()) expect(at - (times[n] ?? 0)).toBeGreaterThanOrEqual(990);
  expect(errors.at(-1)).toMatchObject({ reason: expect.any(String), failed: expect.any(Number) });
  expect(JSON.stringify(errors)).not.toContain("stack");

  // everything works again, and what was not stored can be sent again as the same message
  await cluster.resume();
  const again = () => emit(socket, "call", "chat.send", { room: "lobby", text: "hello", clientId: "m0" });
  let sent = await again();
  while (sent.error) sent = await again();
  expect(sent.result).toMatchObject({ message: { text: "hello", clientId: "m0" } });
  const isBack = () => backend.log.some(({ msg }) => msg === "the database works again");
  while (!isBack()) await delay(50);
});

test("N9: after an outage a message that was stored without its response reaches the room's clients", async () => {
  const [author, reader] = [await backend.registerUser(), await backend.registerUser()];
  const socket = await backend.connect(reader.accessToken);
  for (const one of [await backend.connect(author.accessToken), socket])
    await emit(one, "call", "chat.join", { room: "outage" });
  const heard = new Promise((resolve) => socket.once("message", resolve));
  // as a node does whose connection ends between the commit and its response
  const store = await openStore({ dataDir: "unused", databaseUrl });
  const sid = sidOf(author.accessToken);
  const draft = { room: "outage", authorId: author.id, sid, clientId: "c1", text: "stored", at: Date.now() };
  const { message } = await store.messages.append(draft, () => undefined);
  await store.close();

  await cluster.halt();
  await delay(1_500);
  await cluster.resume();
  expect(await heard).toEqual(message);
});
