import { expect, test } from "@jest/globals";
import { readNats } from "../../../backend/nodes/nats-config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const DATABASE_URL = "postgres://causeway@db/causeway";

/** What is read, with the problems of it. */
function read(env: Readonly<Record<string, string>>) {
  const problems: string[] = [];
  const nats = readNats((name) => env[name], problems);
  expect(nats === undefined).toBe(env.NATS_URL === undefined || problems.length > 0);
  return { nats, problems };
}
const withUrl = (NATS_URL: string, more: object = {}) => read({ NATS_URL, DATABASE_URL, NODE_SECRET: SECRET, ...more });

test.each([
  ["nats://127.0.0.1", { servers: ["127.0.0.1:4222"], tls: undefined, login: undefined }],
  ["nats://localhost:4333/", { servers: ["localhost:4333"], tls: undefined, login: undefined }],
  ["nats://[::1]:4222", { servers: ["[::1]:4222"], tls: undefined, login: undefined }],
  ["nats://token@127.0.0.1", { servers: ["127.0.0.1:4222"], tls: undefined, login: { token: "token" } }],
  [
    "tls://us%40er:p%3Ass@nats.example.com",
    {
      servers: ["nats.example.com:4222"],
      tls: { caFile: undefined },
      login: { user: "us@er", password: "p:ss" },
    },
  ],
  [
    "tls://user:pass@a.example.com:1, tls://b.example.com:2,tls://user:pass@[2001:db8::1]",
    {
      servers: ["a.example.com:1", "b.example.com:2", "[2001:db8::1]:4222"],
      tls: { caFile: undefined },
      login: { user: "user", password: "pass" },
    },
  ],
])("%s is read", (url, expected) => {
  expect(withUrl(url)).toEqual({ nats: { ...expected, secrets: [SECRET] }, problems: [] });
});

test("a credentials file and a CA file are named, not read", () => {
  expect(
    withUrl("tls://nats.example.com", { NATS_CREDS: "/etc/nats.creds", NATS_CA: "/etc/ca.pem" }).nats,
  ).toMatchObject({
    tls: { caFile: "/etc/ca.pem" },
    login: { credentialsFile: "/etc/nats.creds" },
  });
});

test("S7: without TLS and credentials the start is refused, unless NATS is on this machine", () => {
  const refused = [
    "nats://nats.example.com",
    "nats://user:hunter2@nats.example.com",
    "tls://nats.example.com",
    "nats://127.0.0.1,nats://10.0.0.5",
    "nats://127.0.0.1.example.com",
    "nats://[::2]",
  ];
  for (const url of refused) {
    expect(withUrl(url).problems).toEqual([
      expect.stringMatching(/^NATS_URL must use TLS and credentials for .*NATS_CREDS/),
    ]);
  }
  expect(withUrl("nats://127.0.0.1,nats://10.0.0.5:4333").problems[0]).toContain("for 10.0.0.5:4333, which");
});

test("S7: without a NODE_SECRET of 32 bytes the start is refused, and the message says how to make one", () => {
  const env = { NATS_URL: "nats://127.0.0.1", DATABASE_URL };
  const advice = /^NODE_SECRET must .*openssl rand -base64 32$/;
  expect(read(env).problems).toEqual([expect.stringMatching(advice)]);
  const { problems } = read({ ...env, NODE_SECRET: "hunter2", NODE_SECRET_ACCEPTED: "s".repeat(31) });
  expect(problems).toEqual([
    expect.stringMatching(advice),
    expect.stringMatching(/^NODE_SECRET_ACCEPTED must .*not 31/),
  ]);
  expect(problems.join()).not.toContain("hunter2");
});

test("S7: while the secret is changed there are two, and the first one seals", () => {
  const other = "f".repeat(32);
  expect(withUrl("nats://127.0.0.1", { NODE_SECRET_ACCEPTED: other }).nats?.secrets).toEqual([SECRET, other]);
});

test("O17: NATS_URL without DATABASE_URL is refused: nodes on databases of their own are no nodes of one site", () => {
  expect(read({ NATS_URL: "nats://127.0.0.1", NODE_SECRET: SECRET }).problems).toEqual([
    expect.stringMatching(/^DATABASE_URL must be set with NATS_URL/),
  ]);
});

test.each([
  "127.0.0.1:4222",
  "http://127.0.0.1",
  "nats://",
  "nats://127.0.0.1,",
  "nats://127.0.0.1,tls://127.0.0.1",
  "nats://a:b@127.0.0.1,nats://a:c@localhost",
  "nats://:hunter2@127.0.0.1",
  "nats://%ff:hunter2@127.0.0.1",
  "nats://127.0.0.1/subject",
  "nats://127.0.0.1?tls=off",
])("%s is refused, without its password", (url) => {
  const { problems } = withUrl(url);
  expect(problems).toEqual([expect.stringMatching(/^NATS_URL must be a URL like tls:/)]);
  expect(problems.join()).not.toContain("hunter2");
});

test("what has no effect is refused", () => {
  expect(withUrl("nats://user:pass@127.0.0.1", { NATS_CREDS: "x" }).problems[0]).toMatch(
    /^NATS_CREDS must be the only/,
  );
  expect(withUrl("nats://127.0.0.1", { NATS_CA: "x" }).problems[0]).toMatch(/^NATS_CA must be used with .* tls:/);
  expect(read({ NATS_CA: "x", NATS_CREDS: "y" }).problems).toHaveLength(2);
  expect(read({}).problems).toEqual([]);
});
