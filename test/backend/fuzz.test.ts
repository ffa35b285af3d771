import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ValueSchema } from "../../backend/surface/grammar.ts";
import { assets } from "../../backend/surface.ts";
import { character } from "../character.ts";
import { httpEntries, likelyValues, socketEntries } from "./samples.ts";
import { emit } from "./socket-calls.ts";
import { startTestBackend } from "./test-backend.ts";
import { startTestGateway, type TestGateway } from "./test-gateway.ts";
import { tokenOf } from "./test-tokens.ts";

/** Cases in each property; `npm test` runs some hundred, `npm run fuzz` sets the variables. */
const RUNS = Number(process.env.CAUSEWAY_FUZZ_CASES ?? 100);
const SEED = process.env.CAUSEWAY_FUZZ_SEED;
/** Cases between two lines of progress. */
const STEP = Math.max(1, Math.floor(RUNS / 10));
/** Milliseconds in which one case has to be answered or cut off: it counts as hanging after that. */
const CASE = 10_000;
const TIMEOUT = 60_000 + RUNS * 100;

let gateway: TestGateway;
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

beforeAll(async () => {
  process.on("unhandledRejection", onUnhandled);
  process.on("uncaughtException", onUnhandled);
  gateway = await startTestGateway(
    {
      "users.login": () => ({ refreshToken: "r" }) as never,
      "users.pictures": () => ({ pictures: [] }),
      "auth.jwks": () => ({ keys: [] }),
    },
    { times: { headersMs: 250, requestMs: 250, keepAliveMs: 250, checkIntervalMs: 50 } },
  );
});
afterEach(async () => {
  expect((await gateway.request("GET", "/api/openapi.json")).status).toBe(200);
});
afterAll(async () => {
  await gateway.stop();
  process.off("unhandledRejection", onUnhandled);
  process.off("uncaughtException", onUnhandled);
});

/**
 * Tries a property on `RUNS` cases, printed as they pass by `npm run fuzz`; each must leave the process as it was.
 */
function holds<T>(kind: string, cases: fc.Arbitrary<T>, property: (value: T) => Promise<void>): Promise<void> {
  let passed = 0;
  const checked = fc.asyncProperty(cases, async (value) => {
    await property(value);
    expect(unhandled).toEqual([]);
    // what could not be answered is a bug of ours, however it came about
    expect(gateway.log.splice(0).filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    passed += 1;
    if (SEED !== undefined && passed % STEP === 0) process.stderr.write(`${kind}: ${passed} of ${RUNS}\n`);
  });
  return fc.assert(checked, { numRuns: RUNS, timeout: CASE, ...(SEED === undefined ? {} : { seed: Number(SEED) }) });
}

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
const path = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom("..", ".", "api", "%2e%2e", "%2f", "%00", "%ff", "%c3%a9", "%", "\\"),
    ),
    { maxLength: 5 },
  )
  .map((parts) => `/${parts.join("/")}`);
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
  path: fc.oneof(fc.constantFrom(...paths), path, line),
  version: fc.oneof(fc.constantFrom("HTTP/1.1", "HTTP/1.0", "HTTP/2", ""), line),
  fields: fc.array(field, { maxLength: 6 }),
  body,
  cut: fc.nat({ max: 400 }),
});

test(
  "raw HTTP of any kind is answered in the one shape or cut off, and the process lives",
  () =>
    holds("raw HTTP", fc.array(request, { minLength: 1, maxLength: 2 }), async (requests) => {
      const bytes = requests.map(({ method, path, version, fields, body, cut }) => {
        const text = `${method} ${path} ${version}\r\nhost: x\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
        return cut > 350 ? text.slice(0, cut - 350) : text;
      });
      const answer = await gateway.sendBytes(Buffer.from(bytes.join(""), "utf8"), (text) => text.includes(" 101 "));
      for (const status of answer.match(/^HTTP\/1\.1 (\d+)/gm) ?? []) {
        expect(status).toMatch(/ (100|101|200|204|304|400|401|403|404|408|413|415|422|426|429|431|503)$/);
      }
      expect(answer).not.toMatch(/node_modules|at \w+ \(|Error:/);
    }),
  TIMEOUT,
);

const anything = fc.anything({
  maxDepth: 4,
  withNullPrototype: false,
  values: [fc.string({ unit: character }), fc.double(), fc.boolean(), fc.constant(null)],
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
  () =>
    holds(
      "packets",
      fc.tuple(fc.array(packet, { minLength: 1, maxLength: 8 }), fc.boolean()),
      async ([packets, binary]) => {
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
      },
    ),
  TIMEOUT,
);

/**
 * A value that a parameter may have, or nearly: ids of what exists come often, so that calls get past the first check.
 */
function fuzzedValue(param: ValueSchema, known: readonly string[]): fc.Arbitrary<unknown> {
  if ("type" in param && param.type === "integer") {
    const { minimum: min = 0, maximum: max = min } = param;
    return fc.oneof(fc.integer({ min, max: Math.min(max, min + 3) }), fc.maxSafeInteger(), fc.double(), anything);
  }
  if ("type" in param && param.type === "array") {
    return fc.oneof({ weight: 6, arbitrary: fc.array(fuzzedValue(param.items, known), { maxLength: 3 }) }, anything);
  }
  const text = fc.string({ unit: character, maxLength: ("maxLength" in param ? (param.maxLength ?? 0) : 0) + 1 });
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...known) },
    { weight: 2, arbitrary: text },
    { weight: 1, arbitrary: anything },
  );
}

test(
  "calls of any action with random parameters get the response that is declared, and nothing fails inside",
  async () => {
    const backend = await startTestBackend();
    const [one, other] = [await backend.registerUser(), await backend.registerUser()];
    const sockets = [await backend.connect(one.accessToken), await backend.connect(other.accessToken)];
    const call = async (action: string, params: object) =>
      (await emit(sockets[0] as never, "call", action, params)).result;
    const { any, byName } = await likelyValues(call, other);
    const known = [one.id, other.id, ...any];
    const params = (declared: Readonly<Record<string, ValueSchema>>) =>
      fc.record(
        Object.fromEntries(
          Object.entries(declared).map(([name, param]) => {
            const likely = byName[name];
            const any = fuzzedValue(param, known);
            return [name, likely ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...likely) }, any) : any];
          }),
        ),
        { requiredKeys: Object.keys(declared).filter((name) => declared[name]?.optional !== true) },
      );
    const calls = fc.oneof(
      ...socketEntries.map((entry) => fc.tuple(fc.constant(entry.action as string), params(entry.params), fc.nat(1))),
    );
    let accepted = 0;
    await holds("calls", calls, async ([action, values, by]) => {
      // as JSON carries it: without functions, symbols and numbers that are none
      const sent = JSON.parse(JSON.stringify(values, (_, value) => (typeof value === "bigint" ? `${value}` : value)));
      const { error } = await emit(sockets[by] as never, "call", action, sent);
      if (error === null) accepted += 1;
      expect([action, error?.code]).not.toEqual([action, "INTERNAL"]);
      expect(backend.log.splice(0).filter(({ level }) => level === "error" || level === "fatal")).toEqual([]);
    }).finally(() => backend.stop());
    // some get through every check
    expect(accepted).toBeGreaterThan(0);
  },
  TIMEOUT,
);

/** A WebSocket frame (RFC 6455 5.2), right or wrong in any of its parts. */
const frame = fc
  .record({
    first: fc.oneof(fc.constantFrom(0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8a), fc.nat(255)),
    masked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
    length: fc.oneof(
      { weight: 4, arbitrary: fc.constant("true") },
      fc.constantFrom("16 bit", "64 bit", "huge", "short"),
    ),
    mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    payload: fc.oneof(
      packet.map((text) => new TextEncoder().encode(text)),
      fc.uint8Array({ maxLength: 300 }),
    ),
  })
  .map(({ first, masked, length, mask, payload }) => {
    const size = payload.length;
    const bit = masked ? 0x80 : 0;
    const head =
      length === "huge"
        ? [bit | 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
        : length === "64 bit"
          ? [bit | 127, 0, 0, 0, 0, 0, 0, size >> 8, size & 255]
          : length === "16 bit" || size > 125
            ? [bit | 126, size >> 8, size & 255]
            : [bit | (length === "short" ? size >> 1 : size)];
    const body = masked ? payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : payload;
    return Buffer.concat([Buffer.from([first, ...head]), ...(masked ? [mask] : []), body]);
  });
const HANDSHAKE =
  "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
  "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

test(
  "raw WebSocket frames of any kind are answered or end the connection, and the process lives",
  () =>
    holds("frames", fc.array(frame, { minLength: 1, maxLength: 5 }), async (frames) => {
      const socket = connect(gateway.port, "127.0.0.1");
      const received: Buffer[] = [];
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.on("error", () => undefined);
      socket.write(HANDSHAKE);
      await new Promise<void>((resolve) => {
        socket.on("data", (chunk: Buffer) => {
          received.push(chunk);
          resolve();
        });
      });
      socket.end(Buffer.concat(frames));
      await closed;
      const answer = Buffer.concat(received).toString("latin1");
      expect(answer).toMatch(/^HTTP\/1\.1 101 /);
      expect(answer).not.toMatch(/node_modules|at \w+ \(|Error:/);
    }),
  TIMEOUT,
);
