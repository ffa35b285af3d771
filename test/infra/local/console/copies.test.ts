import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Copies } from "../../../../infra/local/console/again-data.ts";
import type { RecordedBody, RecordedExchange } from "../../../../infra/local/console/console-data.ts";
import { curlCommand } from "../../../../infra/local/console/curl-command.ts";
import { harOf } from "../../../../infra/local/console/har.ts";
import { printedBytes, shellWord } from "../../../../infra/local/console/shell-word.ts";
import { VISITORS } from "../../../../infra/policy/visitors.ts";
import { knownVisitor, parseRequests } from "../../../../infra/rules/index.ts";
import { HOST, type TestSite } from "../edge/test-site.ts";
import { openConsole } from "./open-console.ts";
import { startRecordedSite } from "./recorded-site.ts";

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;
/** What captured text may do to a shell or a terminal. */
const HOSTILE = [
  "'; echo pwned; '",
  "$(echo pwned)`echo pwned`",
  "a\nb",
  "\x03echo pwned\n",
  "\x1b[201~echo pwned",
  "it's !here",
  '"\\!x"',
  "-o/etc/passwd",
  "@/etc/passwd",
  "%s%n\\055",
  "\\",
  "\xff\xfe",
  "\xe2\x80\xae",
  "caf\xc3\xa9",
  "#~*?[a]{b,c}<>|&;=",
];
const byteString = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.array(fc.integer({ min: 1, max: 255 })).map((bytes) => String.fromCharCode(...bytes)),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!%-\n\r\t\x03\x1b a") }),
);

/** What a script prints, as a byte string. */
const run = (script: string, shell = "sh"): string =>
  execFileSync(shell, ["-c", script], { input: "", encoding: "latin1", maxBuffer: 1 << 26 });

test.each(["sh", "bash"])("whatever a text holds, it is one word of %s, and nothing of it is run", (shell) => {
  fc.assert(
    fc.property(fc.array(byteString, { minLength: 1, maxLength: 50 }), (texts) => {
      const given = texts.map((text) => text.replaceAll("\0", "").replace(/\n+$/, ""));
      const words = given.map(shellWord);
      for (const word of words) expect(word).not.toMatch(UNSAFE);
      const script = `printf '%s\\0' ${words.join(" ")}`;
      expect(execFileSync(shell, ["-c", script], { encoding: "latin1" })).toBe(given.map((one) => `${one}\0`).join(""));
    }),
    { numRuns: 30 },
  );
});

test("a backslash is in no quotes: for fish it is an escape there", () => {
  expect(shellWord("a\\'; id")).toBe(`"$(printf 'a\\134\\047; id')"`);
  expect(shellWord("it's")).toBe("'it'\\''s'");
  expect(printedBytes('{"a":"b\\n"}\n')).toBe(`printf '{"a":"b\\134n"}\\n'`);
});

test("a body of any bytes is printed as it is", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 255 })).map((bytes) => String.fromCharCode(...bytes)),
      (bytes) => {
        const command = printedBytes(bytes);
        expect(command).toMatch(/^printf '[\x20-\x26\x28-\x7e]*'$/);
        expect(command).not.toContain("!");
        expect(run(command)).toBe(bytes);
      },
    ),
    { numRuns: 60, examples: [["-n a"], ["%d\n\0\n"]] },
  );
});

const recorded: RecordedExchange = {
  seq: 1,
  ray: "0123456789abcdef-LCL",
  time: 1_764_590_000_000,
  method: "GET",
  host: HOST,
  path: "/",
  target: "/",
  status: 200,
  outcome: "pass",
  client: "127.0.0.1",
  totalMs: 5,
  scheme: "https",
  version: "HTTP/1.1",
  events: [],
  counts: [],
  undetermined: [],
  requestHeaders: [["Host", `${HOST}:8080`]],
  responseHeaders: [],
  requestBytes: 0,
  responseBytes: 0,
};
const bodyOf = (content: string, kind: RecordedBody["kind"] = "text"): RecordedBody => {
  return { bytes: content.length, kind, content, type: "text/plain", isCut: false };
};

/** The arguments that curl would get, and its standard input. */
function curlGets(command: string): { readonly args: readonly string[]; readonly input: string } {
  const printed = run(`curl() { printf '%s\\0' "$@"; printf '\\0'; cat; }\n${command}`);
  const [args = "", ...input] = printed.split("\0\0");
  return { args: args.split("\0"), input: input.join("\0\0") };
}

describe("as curl", () => {
  test("an ordinary request is what a person would write", () => {
    const requestHeaders: RecordedExchange["requestHeaders"] = [
      ["Host", `${HOST}:8080`],
      ["User-Agent", "it's me"],
      ["Accept", "*/*"],
      ["Content-Length", "9"],
      ["Content-Type", "application/json"],
      ["X-Empty", ""],
    ];
    const exchange = { ...recorded, method: "POST", target: "/a?b=[c]", requestHeaders };
    expect(curlCommand(exchange, bodyOf('{"a":"b"}'), 8080)).toBe(
      [
        `curl --globoff --path-as-is 'http://${HOST}:8080/a?b=[c]'`,
        "-X 'POST'",
        "-H 'User-Agent: it'\\''s me'",
        "-H 'Accept: */*'",
        "-H 'Content-Type: application/json'",
        "-H 'X-Empty;'",
        `--data-raw '{"a":"b"}'`,
      ].join(" \\\n  "),
    );
  });

  test("it leads to the local edge, whatever host a client sent", () => {
    for (const host of ["evil.example", "evil.example/x", "-K/etc/passwd", "localhost.evil.example", "a@localhost"]) {
      const { args } = curlGets(curlCommand({ ...recorded, requestHeaders: [["Host", host]] }, undefined, 8080));
      expect(args.filter((one) => one.startsWith("http"))).toEqual(["http://127.0.0.1:8080/"]);
      expect(args).toContain(`Host: ${host}`);
    }
  });

  test("a visitor of another address and country goes with it; HEAD waits for no body; OPTIONS * has its target", () => {
    const given = { "ip.src.country": "FR", "ip.src.city": "a; b", "cf.ray_id": "x", "cf.zone.name": "x" };
    const { args } = curlGets(curlCommand({ ...recorded, client: "203.0.113.9", given }, undefined, 8080));
    expect(args).toContain('Local-Visitor: ip=203.0.113.9; country=FR; city="a; b"');
    expect(curlGets(curlCommand({ ...recorded, method: "HEAD" }, undefined, 8080)).args).toContain("--head");
    const star = curlGets(curlCommand({ ...recorded, method: "OPTIONS", target: "*" }, undefined, 8080)).args;
    expect(star.slice(2, 5)).toEqual([`http://${HOST}:8080/`, "--request-target", "*"]);
  });

  test("whatever was captured, curl gets it as values of its options", () => {
    const value = byteString.map((text) => text.replace(/[\0\r\n]/g, ""));
    fc.assert(
      fc.property(value, fc.array(value, { maxLength: 3 }), byteString, fc.boolean(), (path, values, body, isText) => {
        const target = `/${path}`;
        const requestHeaders = [["Host", HOST], ...values.map((one) => ["-X@", one])] as never;
        const content = isText
          ? Buffer.from(body, "latin1").toString()
          : Buffer.from(body, "latin1").toString("base64");
        const command = curlCommand(
          { ...recorded, method: "PUT", target, requestHeaders },
          bodyOf(content, isText ? "text" : "bytes"),
          8080,
        );
        expect(command.replaceAll(" \\\n  ", "").replace("|\n", "")).not.toMatch(UNSAFE);
        const { args, input } = curlGets(command);
        const options = new Map<string, string[]>();
        const words = args.filter((word) => !["--globoff", "--path-as-is"].includes(word));
        const [url = "", ...rest] = words;
        for (let at = 0; at < rest.length; at += 2) {
          const [option = "", value = ""] = rest.slice(at, at + 2);
          options.set(option, [...(options.get(option) ?? []), value]);
        }
        const at = (option: string) => options.get(option) ?? [];
        expect([...options.keys()].join(" ")).toMatch(/^(?:--request-target )?-X -H(?: --data-raw| --data-binary)?$/);
        expect(at("--request-target")[0] ?? url.slice(`http://${HOST}:8080`.length)).toBe(target);
        expect(url.startsWith(`http://${HOST}:8080/`)).toBe(true);
        expect(at("-X")).toEqual(["PUT"]);
        const sent = values.map((one) => (one === "" ? "-X@;" : `-X@: ${one}`));
        expect(at("-H").slice(0, values.length)).toEqual(sent);
        const bytes = isText ? Buffer.from(content).toString("latin1") : body;
        expect(at("--data-raw")[0] ?? input).toBe(bytes);
      }),
      { numRuns: 80 },
    );
  });
});

describe("as HAR 1.2", () => {
  const exchange: RecordedExchange = {
    ...recorded,
    method: "POST",
    target: "/a?b=c%20d&e",
    edgeMs: 1,
    originMs: 3,
    requestHeaders: [
      ["Host", HOST],
      ["Cookie", "theme=[secret]; sid=[secret]"],
      ["X", "caf\xc3\xa9"],
    ],
    responseHeaders: [
      ["Set-Cookie", "sid=[secret]; HttpOnly"],
      ["Location", "/b"],
    ],
    requestBytes: 5,
    responseBytes: 4,
    rule: "slow",
  };
  const request = bodyOf("hello");
  const response: RecordedBody = { bytes: 4, kind: "bytes", content: "iVBORw==", type: "image/png", isCut: false };

  test("an entry has every member that the format demands", () => {
    const { log } = JSON.parse(
      harOf([
        { exchange, bodies: { request, response } },
        { exchange, bodies: undefined },
      ]),
    );
    expect(log).toMatchObject({ version: "1.2", creator: { name: expect.any(String), version: expect.any(String) } });
    expect(log.entries).toHaveLength(2);
    expect(log.entries[0]).toEqual({
      startedDateTime: "2025-12-01T11:53:20.000Z",
      time: 5,
      request: {
        method: "POST",
        url: `https://${HOST}/a?b=c%20d&e`,
        httpVersion: "HTTP/1.1",
        cookies: [
          { name: "theme", value: "[secret]" },
          { name: "sid", value: "[secret]" },
        ],
        headers: [
          { name: "Host", value: HOST },
          { name: "Cookie", value: "theme=[secret]; sid=[secret]" },
          { name: "X", value: "café" },
        ],
        queryString: [
          { name: "b", value: "c d" },
          { name: "e", value: "" },
        ],
        postData: { mimeType: "text/plain", params: [], text: "hello" },
        headersSize: -1,
        bodySize: 5,
      },
      response: {
        status: 200,
        statusText: "OK",
        httpVersion: "HTTP/1.1",
        cookies: [{ name: "sid", value: "[secret]" }],
        headers: [
          { name: "Set-Cookie", value: "sid=[secret]; HttpOnly" },
          { name: "Location", value: "/b" },
        ],
        content: { size: 4, mimeType: "image/png", text: "iVBORw==", encoding: "base64" },
        redirectURL: "/b",
        headersSize: -1,
        bodySize: 4,
      },
      cache: {},
      timings: { send: 1, wait: 3, receive: 1 },
      comment: "pass by slow",
      _ray: recorded.ray,
    });
  });

  test("a file has an end: what is too much is left out, and counted", () => {
    const big = bodyOf("x".repeat(64_000));
    const { log } = JSON.parse(
      harOf(Array.from({ length: 500 }, () => ({ exchange, bodies: { request: big, response: big } }))),
    );
    expect(log.entries.length).toBeGreaterThan(100);
    expect(log.comment).toContain(`${500 - log.entries.length} requests are left out`);
  });
});

test("over the API: commands, and files of one request or of the filtered list", async () => {
  const { recorder, site } = await startRecordedSite();
  const visitors = async () => VISITORS;
  const { edge, api } = site;
  const opened = await openConsole({ recorder, cloud: api.cloud, hostname: HOST, edge, visitors });
  const ray = async (...args: Parameters<TestSite["get"]>) => {
    const { headers } = await site.get(...args);
    return String(headers["cf-ray"]);
  };
  const agent = 'it\'s "me"; `id`';
  const one = await ray("/a?x='%27", { headers: { "user-agent": agent } });
  const two = await ray("/b", { headers: { "local-visitor": "ip=203.0.113.9; country=FR" } });
  const explained = async (of: string) => {
    const { value } = await opened.read<Copies>(`requests/${of}/copies`);
    const words = run(`npm() { printf '%s\\0' "$@"; }\n${value.explain}`).split("\0").slice(0, -1);
    expect(words.slice(0, 5)).toEqual(["run", "rules", "--", "explain", "--plan"]);
    const read = parseRequests(words.at(-1) ?? "", { host: HOST });
    if (!read.ok) throw new Error(read.message);
    return { request: read.requests[0], words };
  };
  expect((await explained(one)).request).toMatchObject({ uri: "/a?x='%27", host: HOST, ip: "127.0.0.1" });
  expect((await explained(one)).request?.headers).toContainEqual(["user-agent", agent]);
  const french = await explained(two);
  expect(french.request).toMatchObject({ ip: "203.0.113.9", given: { "ip.src.country": "FR" } });
  // a visitor of the policy is named, not spelled out
  const again = await opened.act<{ ray: string }>("again", {
    ...(await opened.read<{ request: object }>(`requests/${two}/again`)).value.request,
    visitor: "tor",
  });
  const tor = await explained(again.value.ray);
  expect(tor.words.slice(-3, -1)).toEqual(["--visitor", "tor"]);
  expect(tor.words.at(-1)).not.toContain("given");
  expect(tor.request?.uri).toBe("/b");
  expect(knownVisitor(VISITORS, "tor")?.ip).toBe(VISITORS.tor?.ip);

  const file = await opened.send("GET", `/api/requests/${one}/har`, { cookie: opened.cookie });
  expect(file.headers["content-disposition"]).toBe(`attachment; filename="causeway-${one}.har"`);
  const list = await opened.send("GET", "/api/har?path=/b", { cookie: opened.cookie });
  expect(list.headers["content-disposition"]).toBe('attachment; filename="causeway.har"');
  const read = parseRequests(list.body);
  expect(read.ok && read.requests.map(({ uri, host }) => [uri, host])).toEqual([
    ["/b", HOST],
    ["/b", HOST],
  ]);
  expect((await opened.read("har?before=1")).status).toBe(400);
  expect((await opened.read("requests/none/har")).status).toBe(404);
  expect((await opened.read("requests/none/copies")).status).toBe(404);
  await opened.close();
  await site.close();
});
