// How each field is made from a request.
import { expect, test } from "@jest/globals";
import {
  FIELDS,
  FieldNotGiven,
  FieldValueError,
  type RequestFacts,
  type ResponseFacts,
  requestFields,
  SCHEMA,
  type Value,
} from "../../../../infra/rules/index.ts";

const base: RequestFacts = {
  method: "POST",
  host: "Ex.com:8443",
  uri: "/a/./B%7e//c%2F/../Foo.Tar.GZ?x=1&y&x=%20+&=z",
  version: "HTTP/1.1",
  scheme: "https",
  headers: [
    ["Host", "Ex.com:8443"],
    ["X-A", "1"],
    ["x-a", "2"],
    ["User-Agent", "curl/8"],
    ["Referer", "https://r/"],
    ["Cookie", "a=1; b%20c=x=y; a=2; d; "],
    ["X-Forwarded-For", "1.1.1.1"],
  ],
  ip: "2001:db8::1",
  at: 1_700_000_000_123,
};

const read = (name: string, facts: Partial<RequestFacts> = {}, response?: ResponseFacts): unknown => {
  const { slot = -1 } = SCHEMA.fields.get(name) ?? {};
  const plain = (value: Value | undefined): unknown =>
    value instanceof Map ? Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)])) : value;
  return plain(requestFields({ ...base, ...facts }, response).read(slot));
};

test.each<[string, unknown]>([
  ["true", true],
  ["ssl", true],
  ["http.host", "Ex.com:8443"],
  ["http.request.method", "POST"],
  ["http.request.version", "HTTP/1.1"],
  ["http.request.timestamp.sec", 1_700_000_000],
  ["http.request.timestamp.msec", 123],
  ["http.user_agent", "curl/8"],
  ["http.referer", "https://r/"],
  ["http.cookie", "a=1; b%20c=x=y; a=2; d; "],
  ["http.x_forwarded_for", "1.1.1.1"],
  ["http.request.cookies", { a: ["1", "2"], "b c": ["x=y"], d: [""] }],
  ["http.request.headers.names", ["Host", "X-A", "x-a", "User-Agent", "Referer", "Cookie", "X-Forwarded-For"]],
  ["http.request.headers.truncated", false],
  ["raw.http.request.uri", base.uri],
  ["raw.http.request.uri.path", "/a/./B%7e//c%2F/../Foo.Tar.GZ"],
  ["http.request.uri.path", "/a/B~/Foo.Tar.GZ"],
  ["http.request.uri", "/a/B~/Foo.Tar.GZ?x=1&y&x=%20+&=z"],
  ["http.request.full_uri", "https://Ex.com:8443/a/B~/Foo.Tar.GZ?x=1&y&x=%20+&=z"],
  ["raw.http.request.full_uri", `https://Ex.com:8443${base.uri}`],
  ["http.request.uri.path.extension", "gz"],
  ["http.request.uri.query", "x=1&y&x=%20+&=z"],
  ["http.request.uri.args", { x: ["1", "%20+"], y: [""], "": ["z"] }],
  ["http.request.uri.args.names", ["x", "y", "x", ""]],
  ["raw.http.request.uri.args.values", ["1", "", "%20+", "z"]],
  ["ip.src", [0x20010db8, 0, 0, 1]],
  ["cf.edge.client_tcp", true],
  ["cf.edge.server_port", 8443],
  ["cf.threat_score", 0],
  ["cf.worker.upstream_zone", ""],
  ["cf.tls_client_auth.cert_verified", false],
  ["cf.tls_client_auth.cert_serial", ""],
  ["http.request.body.raw", ""],
  ["http.request.body.mime", ""],
  ["http.request.body.size", 0],
])("%s", (name, expected) => {
  expect(read(name)).toEqual(expected);
});

test("headers by name are in lower case, values in order", () => {
  expect(read("http.request.headers")).toMatchObject({ "x-a": ["1", "2"], "user-agent": ["curl/8"] });
  expect(read("http.request.headers.values")).toContain("curl/8");
  expect(read("http.user_agent", { headers: [] })).toBe("");
});

test.each([
  ["/.mp3", ""],
  ["/.foo.mp3", "mp3"],
  ["/foo.", ""],
  ["/foo.tar.bz2", "bz2"],
  ["/a.b/c", ""],
])("the extension of %s is %j", (uri, expected) => {
  expect(read("http.request.uri.path.extension", { uri })).toBe(expected);
});

test.each([
  ["/a/../../b", "/b"],
  ["/a/..", "/"],
  ["/a/.", "/a/"],
  ["/..", "/"],
  ["\\a\\b", "/a/b"],
  ["/%2e%2E/%41%2f", "/A%2F"],
  ["/plain", "/plain"],
])("the path %s is seen as %s", (uri, expected) => {
  expect(read("http.request.uri.path", { uri })).toBe(expected);
});

test("ports and transport follow scheme, host and version", () => {
  expect(read("cf.edge.server_port", { host: "a" })).toBe(443);
  expect(read("cf.edge.server_port", { host: "a", scheme: "http" })).toBe(80);
  expect(read("cf.edge.client_tcp", { version: "HTTP/3" })).toBe(false);
});

test("the random seed and the ray are the same for the same request", () => {
  expect(read("cf.random_seed")).toHaveLength(32);
  expect(read("cf.random_seed")).toBe(read("cf.random_seed"));
  expect(read("cf.random_seed", { at: 1 })).not.toBe(read("cf.random_seed"));
  expect(read("cf.ray_id")).toMatch(/^[0-9a-f]{16}$/);
});

test("a form's fields are divided, not decoded; another body has none", () => {
  const form: Partial<RequestFacts> = {
    headers: [["Content-Type", "application/x-www-form-urlencoded; charset=utf-8"]],
    body: "a=1&b=%20&a=2",
  };
  expect(read("http.request.body.form", form)).toEqual({ a: ["1", "2"], b: ["%20"] });
  expect(read("http.request.body.form.names", form)).toEqual(["a", "b", "a"]);
  expect(read("http.request.body.form.values", form)).toEqual(["1", "%20", "2"]);
  expect(read("http.request.body.form", { body: "a=1" })).toEqual({});
});

test("a multipart body is divided into parts", () => {
  const body = [
    "--B",
    'Content-Disposition: form-data; name="user\\"name"',
    "",
    "alice",
    "--B",
    'content-disposition: form-data; name=pic; filename="a.png"',
    "Content-Type: image/png",
    "Content-Transfer-Encoding: binary",
    "",
    "x\r\ny",
    "--B",
    "no end of headers",
    "--B--",
    "after",
  ].join("\r\n");
  const facts: Partial<RequestFacts> = { headers: [["Content-Type", 'multipart/form-data; boundary="B"']], body };
  expect(read("http.request.body.multipart", facts)).toEqual({ 'user"name': ["alice"], pic: ["x\r\ny"], "": [""] });
  expect(read("http.request.body.multipart.names", facts)).toEqual([['user"name'], ["pic"], []]);
  expect(read("http.request.body.multipart.filenames", facts)).toEqual([[], ["a.png"], []]);
  expect(read("http.request.body.multipart.content_types", facts)).toEqual([[], ["image/png"], []]);
  expect(read("http.request.body.multipart.content_dispositions", facts)).toHaveLength(3);
  expect(read("http.request.body.multipart.content_transfer_encodings", facts)).toEqual([[], ["binary"], []]);
  expect(read("http.request.body.multipart.values", facts)).toEqual(["alice", "x\r\ny", ""]);
  expect(read("http.request.body.multipart", { body })).toEqual({});
});

test("size is what was sent, and a body that was cut says so", () => {
  const cut: Partial<RequestFacts> = { headers: [["Content-Length", "10"]], body: "abc" };
  expect(read("http.request.body.size", cut)).toBe(10);
  expect(read("http.request.body.truncated", cut)).toBe(true);
  expect(read("http.request.body.truncated", { body: "abc" })).toBe(false);
  expect(read("http.request.body.size", { body: "abc" })).toBe(3);
  expect(read("http.request.body.mime", { body: "GIF89a..." })).toBe("image/gif");
});

test.each(FIELDS.filter(({ name }) => name.startsWith("http.request.body")).map(({ name }) => [name]))(
  "%s of a body that was not read is not guessed",
  (name) => {
    const facts: Partial<RequestFacts> = { headers: [["Transfer-Encoding", "chunked"]] };
    expect(() => read(name, facts)).toThrow(FieldNotGiven);
  },
);

test("what no signature tells of a body is not guessed", () => {
  expect(() => read("http.request.body.mime", { body: "hello" })).toThrow(FieldNotGiven);
});

test("response fields need a response", () => {
  const response: ResponseFacts = {
    status: 404,
    headers: [
      ["Content-Type", "Text/HTML; charset=utf-8"],
      ["X", "1"],
    ],
    fromCache: false,
    at: 0,
  };
  expect(read("http.response.code", {}, response)).toBe(404);
  expect(read("http.response.content_type.media_type", {}, response)).toBe("text/html");
  expect(read("http.response.content_type.media_type", {}, { ...response, headers: [] })).toBe("");
  expect(read("http.response.headers", {}, response)).toEqual({
    "content-type": ["Text/HTML; charset=utf-8"],
    x: ["1"],
  });
  expect(read("raw.http.response.headers.names", {}, response)).toEqual(["Content-Type", "X"]);
  expect(read("http.response.headers.truncated", {}, response)).toBe(false);
  for (const { name, source } of FIELDS) if (source === "response") expect(() => read(name)).toThrow(FieldNotGiven);
});

test("a field that only Cloudflare knows is never guessed", () => {
  for (const { name, source } of FIELDS)
    if (source === "cloudflare" || source === "token" || source === "network") expect(() => read(name)).toThrow(name);
});

test("what is given counts, under a deprecated name too", () => {
  expect(read("ip.src.country", { given: { "ip.src.country": "FR" } })).toBe("FR");
  expect(read("ip.geoip.country", { given: { "ip.src.country": "FR" } })).toBe("FR");
  expect(read("ip.src.country", { given: { "ip.geoip.country": "FR" } })).toBe("FR");
  expect(read("http.host", { given: { "http.host": "other" } })).toBe("other");
  expect(read("cf.edge.server_ip", { given: { "cf.edge.server_ip": "1.2.3.4" } })).toBe(0x01020304);
  expect(read("cf.waf.score", { given: { "cf.waf.score": 5n } })).toBe(5);
  expect(read("cf.bot_management.detection_ids", { given: { "cf.bot_management.detection_ids": [1, 2] } })).toEqual([
    1, 2,
  ]);
  const claims = "http.request.jwt.claims.aud";
  expect(read(claims, { given: { [claims]: { a: ["x"] } } })).toEqual({ a: ["x"] });
  expect(read(claims, { given: { [claims]: new Map([["a", ["x"]]]) } })).toEqual({ a: ["x"] });
});

test.each<[string, NonNullable<RequestFacts["given"]>[string]]>([
  ["ip.src.country", 1],
  ["cf.client.bot", "true"],
  ["cf.waf.score", 1.5],
  ["cf.waf.score", 2n ** 64n],
  ["cf.waf.score", "1"],
  ["cf.edge.server_ip", "x"],
  ["cf.edge.server_ip", 1],
  ["cf.bot_management.detection_ids", "1"],
  ["cf.bot_management.detection_ids", ["1"]],
  ["http.request.jwt.claims.aud", ["x"]],
  ["http.request.jwt.claims.aud", "x"],
])("%s cannot be %j", (name, value) => {
  expect(() => read(name, { given: { [name]: value } })).toThrow(FieldValueError);
});

test("a slot that does not exist is our mistake", () => {
  expect(() => requestFields(base).read(-1)).toThrow(RangeError);
});
