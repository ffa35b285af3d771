import { expect, test } from "@jest/globals";
import { ConfigError, readConfig } from "../../backend/config.ts";

test("without an environment the backend is for this machine alone", () => {
  const config = readConfig({});
  expect(config).toMatchObject({ host: "127.0.0.1", port: 3000, internalPort: undefined, nats: undefined });
  expect(config.registration).toBe("open");
  expect(config).toMatchObject({ retention: { maxAge: undefined, perRoom: undefined }, quota: 100_000_000 });
  expect(config).toMatchObject({ origins: [], trustedPeers: [], logLevel: "info", logSample: 1, drainTimeMs: 10_000 });
  expect(config.dataDir).toMatch(/[\\/]\.data$/);
});

test("every variable is read", () => {
  const env = {
    HOST: "::1",
    PORT: "8080",
    INTERNAL_PORT: "9090",
    DATA_DIR: "/var/lib/causeway",
    DATABASE_URL: "postgres://causeway:secret@db.internal/causeway",
    UNUSED_FEATURES: "chat, todos",
    NATS_URL: "nats://127.0.0.1",
    NODE_SECRET: "0123456789abcdef0123456789abcdef",
    NODE_ID: "node-1",
    ORIGINS: "https://chat.example.com, http://localhost:8080",
    TRUSTED_PEERS: "172.16.0.0/12,fd00::/8",
    ACCESS_TEAM: "example",
    ACCESS_AUDIENCE: `${"a1".repeat(32)}, ${"b2".repeat(32)}`,
    ACCESS_CERTIFICATES: "http://127.0.0.1:8443/cdn-cgi/access/certs",
    LOG_LEVEL: "warn",
    LOG_SAMPLE: "0.25",
    DRAIN_SECONDS: "30",
    REGISTRATION: "closed",
    MESSAGE_DAYS: "30",
    MESSAGES_PER_ROOM: "10000",
    USER_QUOTA_MB: "5",
    WEBHOOK_SECRET_SHOP: "0123456789abcdef, fedcba9876543210",
  };
  expect(readConfig(env)).toEqual({
    host: "::1",
    port: 8080,
    internalPort: 9090,
    dataDir: "/var/lib/causeway",
    databaseUrl: "postgres://causeway:secret@db.internal/causeway",
    unusedFeatures: ["chat", "todos"],
    nats: {
      servers: ["127.0.0.1:4222"],
      tls: undefined,
      login: undefined,
      secrets: ["0123456789abcdef0123456789abcdef"],
    },
    nodeId: "node-1",
    origins: ["https://chat.example.com", "http://localhost:8080"],
    trustedPeers: ["172.16.0.0/12", "fd00::/8"],
    access: {
      team: "example",
      audiences: ["a1".repeat(32), "b2".repeat(32)],
      certificates: new URL("http://127.0.0.1:8443/cdn-cgi/access/certs"),
    },
    logLevel: "warn",
    logSample: 0.25,
    drainTimeMs: 30_000,
    registration: "closed",
    retention: { maxAge: 30 * 24 * 60 * 60 * 1000, perRoom: 10_000 },
    quota: 5_000_000,
    webhookSecrets: new Map([["SHOP", ["0123456789abcdef", "fedcba9876543210"]]]),
  });
});

test("all problems are told at once, by the variable's name and never by a value that may hold a password", () => {
  const env = {
    HOST: "everywhere",
    PORT: "65536",
    INTERNAL_PORT: "-1",
    DATABASE_URL: "hunter2@db",
    UNUSED_FEATURES: "Chat",
    NODE_SECRET: "hunter2",
    NATS_URL: "hunter2@nats",
    NODE_ID: "a b",
    ORIGINS: "https://chat.example.com/",
    TRUSTED_PEERS: "10.0.0.0/33",
    ACCESS_TEAM: "example.cloudflareaccess.com",
    ACCESS_AUDIENCE: "admin",
    ACCESS_CERTIFICATES: "http://example.com/certs",
    LOG_LEVEL: "loud",
    REGISTRATION: "invited",
    MESSAGE_DAYS: "0",
    MESSAGES_PER_ROOM: "none",
    USER_QUOTA_MB: "-1",
    LOG_SAMPLE: "2",
    DRAIN_SECONDS: "1e3",
    WEBHOOK_SECRET_SHOP: "hunter2",
  };
  let message = "";
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    message = (error as Error).message;
  }
  expect(message.split("\n")).toHaveLength(22);
  for (const name of Object.keys(env)) expect(message).toMatch(new RegExp(`- ${name} must (?:be|have) `));
  expect(message).not.toContain("hunter2");
  expect(message).toContain('PORT must be a port: 0 to 65535, not "65536".');
});

test.each([
  [
    "ORIGINS",
    [
      "*",
      "null",
      "chat.example.com",
      "https://chat.example.com:443",
      "HTTPS://chat.example.com",
      "https://a.b,",
      "wss://a.b",
      "https://u@a.b",
    ],
  ],
  ["TRUSTED_PEERS", ["10.0.0.0", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "example.com/8", "10.0.0/8"]],
  ["ACCESS_TEAM", ["Example", "a.b", "-a", "a/b"]],
  ["ACCESS_AUDIENCE", ["A1".repeat(32), "a1".repeat(31), `${"a1".repeat(32)},`]],
  ["ACCESS_CERTIFICATES", ["http://localhost.example.com/", "ftp://127.0.0.1/", "https://u:p@example.com/", "certs"]],
  ["PORT", ["", " ", "x", "1.5", "0x10", "+1", "1e3"].filter((value) => value.trim())],
])("%s is read exactly", (name, values) => {
  for (const value of values) expect(() => readConfig({ [name]: value })).toThrow(name);
});

test("the internal port cannot be the gateway's: the tunnel would show it to everybody", () => {
  expect(() => readConfig({ PORT: "3000", INTERNAL_PORT: "3000" })).toThrow("INTERNAL_PORT must differ");
});

test("the variables of Access go together: half of them would protect nothing", () => {
  const audience = "a1".repeat(32);
  expect(readConfig({}).access).toBeUndefined();
  expect(readConfig({ ACCESS_TEAM: "example", ACCESS_AUDIENCE: audience }).access).toEqual({
    ...{ team: "example", audiences: [audience], certificates: undefined },
  });
  for (const half of [{ ACCESS_TEAM: "example" }, { ACCESS_AUDIENCE: audience }]) {
    expect(() => readConfig(half)).toThrow("ACCESS_TEAM and ACCESS_AUDIENCE must be set together");
  }
  const url = { ACCESS_CERTIFICATES: "https://example.com/certs" };
  expect(() => readConfig(url)).toThrow("ACCESS_CERTIFICATES must be set with");
});
