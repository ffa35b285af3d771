import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { call, publicError } from "../../../backend/contract/index.ts";
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
let url: string;
let nodes: readonly [TestBackend, TestBackend];
beforeAll(async () => {
  cluster = await startCluster();
  ({ url } = await cluster.database());
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

/** Calls that try a secret, or use up what is limited for credentials: path, body, and whether the caller signs in. */
const TRIES: readonly [string, object, boolean?][] = [
  ["/api/auth/login", { email: "somebody@example.org", password: "a wrong guess" }],
  ["/api/auth/register", { email: "somebody@example.org", name: "Somebody", password: "another good one" }],
  ["/api/auth/request-reset", { email: "somebody@example.org" }],
  ["/api/auth/reset-password", { token: "x", newPassword: "another good one" }],
  ["/api/auth/verify-email", { token: "x" }],
  ["/api/auth/password", { password: "a wrong guess", newPassword: "another good one" }, true],
  ["/api/auth/delete", { password: "a wrong guess" }, true],
];
const UNAVAILABLE = { status: 503, code: "UNAVAILABLE", retryAfter: 1 };
async function expectUnavailable(node: TestBackend, accessToken: string): Promise<void> {
  for (const [n, [path, body, isSignedIn]] of TRIES.entries()) {
    const token = isSignedIn ? accessToken : undefined;
    const answer = await node.request("POST", path, { body, token, headers: from(`203.0.113.${n}`) });
    expect([path, outcome(answer)]).toEqual([path, UNAVAILABLE]);
  }
}

test("N11: where tries cannot be counted none is allowed, though all else in the database works", async () => {
  const { accessToken, email, password } = await nodes[0].registerUser();
  const beside = new pg.Client(url);
  await beside.connect();
  await beside.query(`create function fail() returns trigger language plpgsql
    as $$ begin raise exception 'no space' using errcode = '53100'; end $$`);
  await beside.query("create trigger fail before insert on throttles for each statement execute function fail()");
  try {
    await expectUnavailable(nodes[0], accessToken);
    // the service counts guesses itself, by account; here past the gateway
    const guess = call(nodes[0].broker, "users.login", { email, password: "a wrong guess" });
    expect(publicError(await guess.catch((error: unknown) => error)).code).toBe("UNAVAILABLE");
    expect((await nodes[0].request("GET", "/api/users/me", { token: accessToken })).status).toBe(200);
  } finally {
    await beside.query("drop trigger fail on throttles");
    await beside.end();
  }
  const body = { email, password };
  const again = await nodes[0].request("POST", "/api/auth/login", { body, headers: from("203.0.113.99") });
  expect(again.status).toBe(200);
});

test("N11: while the database is away every try is UNAVAILABLE with retry-after, and what is refused anyway stays refused", async () => {
  const { accessToken } = await nodes[0].registerUser();
  const socket = await nodes[1].connect(accessToken);
  await cluster.halt();
  for (const node of nodes) {
    await expectUnavailable(node, accessToken);
    // each node has read from the database that this address has to wait
    expect(outcome(await login(node, "n1@example.org", "192.0.2.1"))).toMatchObject({ code: "RATE_LIMITED" });
  }
  expect(socket.connected).toBe(true);
  await cluster.resume();
  let answer = await login(nodes[0], "n1@example.org", "203.0.113.99");
  while (answer.status === 503) answer = await login(nodes[0], "n1@example.org", "203.0.113.99");
  expect(answer.status).toBe(401);
});
