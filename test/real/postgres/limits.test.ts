import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestBackend, type TestBackend } from "../../backend/test-backend.ts";
import { NO_LIMITS } from "../../backend/test-options.ts";
import type { TestResponse } from "../../backend/test-server.ts";
import { type Cluster, startCluster } from "./cluster.ts";

/*
 * Limits that two whole backends over one database count together. NATS has no part in it.
 */

const HOUR = 3600;
const limits = {
  ...NO_LIMITS,
  credential: { requests: 4, seconds: HOUR },
};

let cluster: Cluster;
let nodes: readonly [TestBackend, TestBackend];
beforeAll(async () => {
  cluster = await startCluster();
  const { url } = await cluster.database();
  const start = () => startTestBackend({ config: { DATABASE_URL: url }, limits });
  nodes = [await start(), await start()];
});
afterAll(async () => {
  for (const node of nodes) await node.stop();
  await cluster.stop();
});

const from = (address: string) => ({ "cf-connecting-ip": address });
const outcome = ({ status, headers, json }: TestResponse) => ({
  status,
  code: json.error?.code,
  retryAfter: Number(headers.get("retry-after")),
});
const login = (node: TestBackend, email: string, address: string) =>
  node.request("POST", "/api/auth/login", { headers: from(address), body: { email, password: "a wrong guess" } });

let person: Awaited<ReturnType<TestBackend["registerUser"]>>;
test("N11: an address has the tries of one node on all nodes together", async () => {
  person = await nodes[0].registerUser();
  const statuses: number[] = [];
  for (let n = 0; n < 8; n += 1) {
    const node = nodes[n % 2] as TestBackend;
    statuses.push((await login(node, `n${n}@example.org`, "192.0.2.1")).status);
  }
  expect(statuses).toEqual([401, 401, 401, 401, 429, 429, 429, 429]);
  expect((await login(nodes[1], "n9@example.org", "192.0.2.2")).status).toBe(401);
});

test("N11: a user has the tries of one node on all nodes together, from whatever address", async () => {
  const statuses: number[] = [];
  const body = { password: "a wrong guess", newPassword: "another good one" };
  for (let n = 0; n < 6; n += 1) {
    const asked = { token: person.accessToken, headers: from(`198.51.100.${n}`), body };
    statuses.push((await (nodes[n % 2] as TestBackend).request("POST", "/api/auth/password", asked)).status);
  }
  expect(statuses).toEqual([422, 422, 422, 422, 429, 429]);
});

test("N11: while the database is away every try is UNAVAILABLE with retry-after, and what is refused anyway stays refused", async () => {
  const { accessToken } = await nodes[0].registerUser();
  const socket = await nodes[1].connect(accessToken);
  await cluster.halt();
  const email = "somebody@example.org";
  const secret = { password: "a wrong guess", newPassword: "another good one" };
  const tries: readonly [string, object, string?][] = [
    ["/api/auth/login", { email, password: secret.password }],
    ["/api/auth/register", { email, name: "Somebody", password: secret.newPassword }],
    ["/api/auth/request-reset", { email }],
    ["/api/auth/reset-password", { token: "x", newPassword: secret.newPassword }],
    ["/api/auth/verify-email", { token: "x" }],
    ["/api/auth/password", secret, accessToken],
    ["/api/auth/delete", { password: secret.password }, accessToken],
  ];
  for (const node of nodes) {
    for (const [n, [path, body, token]] of tries.entries()) {
      const answer = await node.request("POST", path, { body, token, headers: from(`203.0.113.${n}`) });
      expect([path, outcome(answer)]).toEqual([path, { status: 503, code: "UNAVAILABLE", retryAfter: 1 }]);
    }
    // each node has read from the database that this address has to wait
    expect(outcome(await login(node, "n1@example.org", "192.0.2.1"))).toMatchObject({ code: "RATE_LIMITED" });
  }
  expect(socket.connected).toBe(true);
  await cluster.resume();
  let answer = await login(nodes[0], "n1@example.org", "203.0.113.99");
  while (answer.status === 503) answer = await login(nodes[0], "n1@example.org", "203.0.113.99");
  expect(answer.status).toBe(401);
});
