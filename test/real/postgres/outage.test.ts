import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { emit } from "../../backend/socket-calls.ts";
import { startTestBackend, type TestBackend } from "../../backend/test-backend.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
let backend: TestBackend;
beforeAll(async () => {
  cluster = await startCluster();
  backend = await startTestBackend({ config: { DATABASE_URL: (await cluster.database()).url } });
});
afterAll(async () => {
  await backend.stop();
  await cluster.stop();
});

test("N9: while the database is stopped, requests and calls of any feature are UNAVAILABLE with retry-after", async () => {
  const person = await backend.registerUser();
  const socket = await backend.connect(person.accessToken);
  await cluster.halt();
  const started = performance.now();
  const refusals: unknown[] = [];
  while (performance.now() - started < 1_000) {
    const [look, login, me] = await Promise.all([
      emit(socket, "call", "users.pictures", { users: [person.id] }),
      backend.request("POST", "/api/auth/login", { body: { email: person.email, password: person.password } }),
      backend.request("GET", "/api/users/me", { token: person.accessToken }),
    ]);
    refusals.push(look.error);
    for (const { status, headers, json } of [login, me])
      refusals.push({ code: json.error?.code, retryAfter: Number(headers.get("retry-after")), status });
    await delay(20);
  }
  expect(refusals.length).toBeGreaterThan(30);
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: "UNAVAILABLE", retryAfter: 1 });
  await cluster.resume();
  const again = () => emit(socket, "call", "users.pictures", { users: [person.id] });
  let looked = await again();
  while (looked.error) looked = await again();
  expect(looked.result).toMatchObject({ pictures: [{ id: person.id }] });
});
