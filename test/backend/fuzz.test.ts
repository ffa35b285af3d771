import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { assets } from "../../backend/surface.ts";
import { httpEntries, socketEntries } from "./samples.ts";
import { startTestGateway, type TestGateway, tokenOf } from "./support.ts";

/** Cases in each property; `npm test` runs some hundred, a longer run sets the variable. */
const RUNS = Number(process.env.CAUSEWAY_FUZZ_RUNS ?? 100);
const TIMEOUT = 15_000 + RUNS * 60;

let gateway: TestGateway;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled);
  process.on("uncaughtException", onUnhandled);
  gateway = await startTestGateway(
    {
      "users.login": () => ({ refreshToken: "r" }) as never,
      "chat.send": () => ({ message: {} }) as never,
      "auth.jwks": () => ({ keys: [] }),
    },
    { times: { headers: 250, request: 250, keepAlive: 250, check: 50 } },
  );
});
afterEach(async () => {
  expect((await gateway.ask("GET", "/api/openapi.json")).status).toBe(200);
  expect(unhandled).toEqual([]);
  // what could not be answered is a bug of ours, however it came about
  expect(gateway.log.filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
});
afterAll(async () => {
  await gateway.stop();
  process.off("unhandledRejection", onUnhandled);
  process.off("uncaughtException", onUnhandled);
});

const paths = [
  ...httpEntries.map(({ path }) => path as string),
  ...assets,
  "/socket.io/",
  "/nothing",
  "*",
  "//",
  "/%00",
  "http://x/",
];
const line = fc.string({ unit: "binary-ascii", maxLength: 40 });
const field = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "content-length",
      "transfer-encoding",
      "content-type",
      "authorization",
      "cookie",
      "origin",
      "cf-connecting-ip",
      "upgrade",
      "connection",
      "expect",
      "host",
    ),
    fc.oneof(
      fc.constantFrom(
        "0",
        "-1",
        "5",
        "99999999999",
        "chunked",
        "gzip",
        "application/json",
        "Bearer x",
        "__Host-refresh=x",
        "null",
        "::1",
        "websocket",
        "Upgrade",
        "close",
        "100-continue",
        "x",
      ),
      line,
    ),
  ),
  fc.tuple(line, line),
);
const body = fc.oneof(fc.string({ maxLength: 200 }), fc.json({ maxDepth: 8 }), fc.constant("[".repeat(3000)), line);
const request = fc.record({
  method: fc.oneof(fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT", "CONNECT", "TRACE"), line),
  path: fc.oneof(fc.constantFrom(...paths), fc.webPath(), line),
  version: fc.oneof(fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2", ""), line),
  fields: fc.array(field, { maxLength: 6 }),
  body,
  cut: fc.nat({ max: 400 }),
});

test(
  "raw HTTP of any kind is answered in the one shape or cut off, and the process lives",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 2 }), async (requests) => {
        const bytes = requests.map(({ method, path, version, fields, body, cut }) => {
          const text = `${method} ${path} ${version}\r\nhost: x\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
          return cut > 350 ? text.slice(0, cut - 350) : text;
        });
        const answer = await gateway.raw(Buffer.from(bytes.join(""), "utf8"), (text) => text.includes(" 101 "));
        for (const status of answer.match(/^HTTP\/1\.1 (\d+)/gm) ?? []) {
          expect(status).toMatch(/ (100|101|200|204|304|400|401|403|404|408|413|415|422|426|429|431|503)$/);
        }
        expect(answer).not.toMatch(/node_modules|at \w+ \(|Error:/);
      }),
      { numRuns: RUNS, timeout: 3000 },
    );
  },
  TIMEOUT,
);

const anything = fc.anything({
  maxDepth: 4,
  withNullPrototype: false,
  values: [fc.string({ unit: "grapheme" }), fc.double(), fc.boolean(), fc.constant(null)],
});
const json = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc.constant(`${"[".repeat(2000)}${"]".repeat(2000)}`),
  anything.map((value) => JSON.stringify(value) ?? ""),
);
const packet = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("call", "authenticate", "disconnect", "connect", "error", "newListener", "__proto__"),
      json,
      json,
      fc.nat(99),
    )
    .map(([event, first, second, id]) => `42${id}["${event}",${first},${second}]`),
  fc
    .tuple(
      fc.constantFrom(...socketEntries.map(({ action }) => action as string), "$node.list", "constructor"),
      json,
      fc.nat(99),
    )
    .map(([action, params, id]) => `42${id}["call","${action}",${params}]`),
  fc.tuple(fc.nat(9), fc.nat(9), json).map(([type, kind, text]) => `${type}${kind}${text}`),
  fc.tuple(fc.nat(20), json).map(([count, text]) => `45${count}-["call",${text},{"_placeholder":true,"num":0}]`),
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    "",
    "4",
    "40",
    "41",
    "42",
    "43",
    "44",
    "45",
    "2",
    "3",
    "6",
    "0",
    "1",
    "42[]",
    "42[null]",
    "430[]",
    "40/admin,",
    "4499999999999[]",
  ),
);

test(
  "raw packets of any kind are answered or end the connection, and the process lives",
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 8 }), fc.boolean(), async (packets, binary) => {
        const raw = new WebSocket(`ws://127.0.0.1:${gateway.port}/socket.io/?EIO=4&transport=websocket`);
        const received: string[] = [];
        const closed = new Promise<void>((resolve) => {
          raw.onclose = () => resolve();
        });
        raw.onerror = () => undefined;
        const connected = new Promise<void>((resolve) => {
          raw.onmessage = ({ data }) => {
            received.push(String(data));
            if (String(data).startsWith("40")) resolve();
          };
        });
        await new Promise((resolve) => {
          raw.onopen = resolve;
        });
        raw.send(`40${JSON.stringify({ token: tokenOf("fuzz") })}`);
        await Promise.race([connected, closed]);
        for (const text of packets) if (raw.readyState === raw.OPEN) raw.send(text);
        if (binary && raw.readyState === raw.OPEN) raw.send(new Uint8Array([1, 2, 3]));
        // a call whose answer comes after everything else was dealt with
        if (raw.readyState === raw.OPEN) raw.send('4277["call","nothing",{}]');
        const answered = new Promise<void>((resolve) => {
          raw.addEventListener("message", ({ data }) => String(data).startsWith("4377") && resolve());
        });
        await Promise.race([answered, closed]);
        raw.close();
        await closed;
        expect(received.join("\n")).not.toMatch(/node_modules|at \w+ \(|Error:/);
      }),
      { numRuns: RUNS, timeout: 3000 },
    );
  },
  TIMEOUT,
);
