import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { ServiceBroker } from "moleculer";
import { nkeys } from "nats";
import { createBroker } from "../../../backend/broker.ts";
import { readConfig } from "../../../backend/config.ts";
import { createLog } from "../../../backend/log.ts";
import { edgeCertificates } from "../../../infra/local/tunnel/certificates.ts";
import { startProxy } from "../../backend/client/cuttable-proxy.ts";
import { type NatsServer, nodeEnv, startNats } from "./nats-server.ts";

/*
 * How a node reaches a NATS server: TLS, credentials, addresses.
 */

let folder: string;
/** For localhost and 127.0.0.1. */
let ca: string;
let tlsBlock: string;
let strangerCa: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-nats-tls-"));
  const mine = await edgeCertificates(join(folder, "mine"), Date.now());
  const stranger = await edgeCertificates(join(folder, "stranger"), Date.now());
  [ca, strangerCa] = [mine.caFile, stranger.caFile];
  const file = (name: string) => join(folder, "mine", name);
  tlsBlock = `tls { cert_file: "${file("edge.pem")}", key_file: "${file("edge-key.pem")}" }\n`;
});
afterAll(() => rmSync(folder, { recursive: true }));

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
});

async function natsWith(options: Parameters<typeof startNats>[0]): Promise<NatsServer> {
  const nats = await startNats(options);
  running.push(nats);
  return nats;
}

/** A node that starts; `outcome` resolves when it is connected or has logged why not. */
function startNode(env: Readonly<Record<string, string>>): { broker: ServiceBroker; outcome: Promise<string> } {
  let refused: (reason: string) => void;
  const failed = new Promise<string>((resolve) => {
    refused = resolve;
  });
  const write = (line: string) => {
    const { msg, servers, reason } = JSON.parse(line) as Record<string, string>;
    if (msg?.startsWith("NATS cannot be reached")) refused(`${servers}: ${reason}`);
  };
  const broker = createBroker(readConfig({ ...nodeEnv(""), ...env }), createLog({ logLevel: "info" }, { write }));
  running.push(broker);
  return { broker, outcome: Promise.race([failed, broker.start().then(() => "connected")]) };
}

const outcomeOf = (env: Readonly<Record<string, string>>) => startNode(env).outcome;

test("S7: tls:// connects with TLS, to a name and to an address, and checks who signed the certificate", async () => {
  const { port } = await natsWith({ configuration: `${tlsBlock}authorization { user: node, password: "p@ss" }` });
  const url = (host: string) => `tls://node:p%40ss@${host}:${port}`;
  expect(await outcomeOf({ NATS_URL: url("localhost"), NATS_CA: ca })).toBe("connected");
  expect(await outcomeOf({ NATS_URL: url("127.0.0.1"), NATS_CA: ca })).toBe("connected");
  expect(await outcomeOf({ NATS_URL: url("localhost"), NATS_CA: strangerCa })).toMatch(/^localhost:\d+: .*certificate/);
  expect(await outcomeOf({ NATS_URL: url("localhost") })).toMatch(/^localhost:\d+: .*certificate/);
  expect(await outcomeOf({ NATS_URL: url("127.0.0.1").replace("p%40ss", "wrong"), NATS_CA: ca })).toMatch(
    /Authorization/i,
  );
});

test("S7: a certificate for another name is refused, also for a server that is configured by its address", async () => {
  // Node.js would check the certificate of a server without a name against "localhost", which it is for
  const { port } = await natsWith({ configuration: tlsBlock, host: "127.0.0.2" });
  const outcome = await outcomeOf({ NATS_URL: `tls://node:pass@127.0.0.2:${port}`, NATS_CA: ca });
  expect(outcome).toMatch(/127\.0\.0\.2.*(?:certificate|altnames)/i);
});

test("S7: tls:// refuses a server that offers no TLS", async () => {
  const { port } = await natsWith({});
  expect(await outcomeOf({ NATS_URL: `tls://node:pass@127.0.0.1:${port}`, NATS_CA: ca })).toMatch(/tls/);
});

test("S7: a user with a password, or a token, in the URL", async () => {
  const users = await natsWith({ configuration: 'authorization { user: node, password: "a/b" }' });
  expect(await outcomeOf({ NATS_URL: `nats://node:a%2Fb@127.0.0.1:${users.port}` })).toBe("connected");
  expect(await outcomeOf({ NATS_URL: `nats://127.0.0.1:${users.port}` })).toMatch(/Authorization/i);
  const token = await natsWith({ configuration: 'authorization { token: "t0ken" }' });
  expect(await outcomeOf({ NATS_URL: `nats://t0ken@127.0.0.1:${token.port}` })).toBe("connected");
});

test("of several servers, one that works is enough", async () => {
  const { port } = await natsWith({});
  expect(await outcomeOf({ NATS_URL: `nats://127.0.0.1:1,nats://127.0.0.1:${port}` })).toBe("connected");
});

test("the permissions that docs/several-nodes.md names are enough, and a missing one is logged", async () => {
  const permissions = (allowed: string) => `authorization { users: [ { user: node, password: pass, permissions: {
    publish: ["MOL-causeway.>"], subscribe: [${allowed}] } } ] }`;
  const enough = await natsWith({ configuration: permissions('"MOL-causeway.>"') });
  expect(await outcomeOf({ NATS_URL: `nats://node:pass@127.0.0.1:${enough.port}` })).toBe("connected");
  const few = await natsWith({ configuration: permissions('"MOL-causeway.INFO"') });
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(JSON.parse(line)) });
  const broker = createBroker(readConfig(nodeEnv(`nats://node:pass@127.0.0.1:${few.port}`)), log);
  running.push(broker);
  await broker.start();
  expect(lines).toContainEqual(expect.objectContaining({ level: "error", msg: "NATS refused a subscription" }));
});

test("O17: a NATS server that starts after the node is found, and until then the log names its address", async () => {
  const first = await natsWith({});
  const { port } = first;
  await running.pop()?.stop();
  const { broker, outcome } = startNode({ NATS_URL: `nats://127.0.0.1:${port}` });
  expect(await outcome).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port}: .*REFUSED`));
  await natsWith({ port });
  while (!broker.started) await new Promise((resolve) => setTimeout(resolve, 50));
  running.reverse(); // the server was started last and has to be stopped last
});

test("a lost connection is logged once, however many tries to reconnect time out", async () => {
  const nats = await natsWith({});
  const proxy = await startProxy(nats.url);
  running.push({ stop: () => proxy.close() });
  const seen: string[] = [];
  const write = (line: string) => {
    const { msg = "" } = JSON.parse(line) as { msg?: string };
    if (/connection to NATS|connected to NATS/.test(msg)) seen.push(msg);
  };
  const env = nodeEnv(proxy.url.replace("http", "nats"));
  const broker = createBroker(readConfig(env), createLog({ logLevel: "info" }, { write }));
  running.push(broker);
  await broker.start();
  const until = async (count: number) => {
    while (seen.length < count) await delay(20);
  };
  proxy.hold(true);
  await until(1);
  await delay(5_000); // two tries, of which the client reports the end when their connections are cut
  proxy.hold(false);
  await until(2);
  proxy.cut();
  await until(4);
  await delay(500);
  const [lost, back] = ["the connection to NATS was lost; connecting again", "connected to NATS again"];
  expect(seen).toEqual([lost, back, lost, back]);
});

test.each([
  ["that is not there", undefined, 0o600, /cannot be read/],
  ["that others can read", "creds", 0o644, /mode 0644.*chmod 600/],
  ["that is something else", "secret!", 0o600, /is no NATS credentials file/],
])("a credentials file %s is refused, without a word of what it holds", (_, text, mode, message) => {
  const file = join(folder, "node.creds");
  rmSync(file, { force: true });
  if (text !== undefined) writeFileSync(file, text);
  if (text !== undefined) chmodSync(file, mode);
  const config = readConfig({ ...nodeEnv("tls://nats.example.com"), NATS_CREDS: file });
  const start = () => createBroker(config, createLog({ logLevel: "silent" }));
  expect(start).toThrow(message);
  expect(start).not.toThrow(/secret!/);
});

/** A decentralized login: operator, account and user, each named by a key, with JWTs that the one above has signed. */
function decentralizedLogin(): { configuration: string; credentials: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("ascii");
  const jwt = (signer: typeof operator, subject: typeof operator, type: string, rest: object) => {
    const head = { typ: "JWT", alg: "ed25519-nkey" };
    const claims = {
      jti: type,
      iat: Math.floor(Date.now() / 1000),
      iss: signer.getPublicKey(),
      sub: subject.getPublicKey(),
      name: type,
      nats: { ...rest, type, version: 2 },
    };
    const signed = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${signed}.${Buffer.from(signer.sign(Buffer.from(signed))).toString("base64url")}`;
  };
  const unlimited = { subs: -1, data: -1, payload: -1 };
  const accountLimits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const accountJwt = jwt(operator, account, "account", { limits: accountLimits });
  return {
    configuration: `operator: ${jwt(operator, operator, "operator", {})}
      resolver: MEMORY
      resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    credentials: `-----BEGIN NATS USER JWT-----
${jwt(account, user, "user", { ...unlimited, pub: {}, sub: {} })}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${text(user.getSeed())}
------END USER NKEY SEED------
`,
  };
}

test("S7: the user of a credentials file is let in, another one is not", async () => {
  const { configuration, credentials } = decentralizedLogin();
  const { port } = await natsWith({ configuration: `${tlsBlock}${configuration}` });
  const file = join(folder, "node.creds");
  const outcomeWith = (text: string) => {
    writeFileSync(file, text, { mode: 0o600 });
    return outcomeOf({ NATS_URL: `tls://localhost:${port}`, NATS_CA: ca, NATS_CREDS: file });
  };
  expect(await outcomeWith(credentials)).toBe("connected");
  expect(await outcomeWith(decentralizedLogin().credentials)).toMatch(/Authorization/i);
});
