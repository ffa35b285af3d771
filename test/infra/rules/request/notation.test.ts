// The five notations of a request.
import { expect, test } from "@jest/globals";
import { parseRequests, type RequestFacts } from "../../../../infra/rules/index.ts";

const one = (text: string): RequestFacts => {
  const parsed = parseRequests(text);
  if (!parsed.ok) throw new Error(parsed.message);
  expect(parsed.requests).toHaveLength(1);
  return parsed.requests[0] as RequestFacts;
};
const refused = (text: string): string => {
  const parsed = parseRequests(text);
  return parsed.ok ? "accepted" : parsed.message;
};

test("one line", () => {
  expect(one('GET /admin from 203.0.113.9 as "curl/8"')).toEqual({
    method: "GET",
    host: "example.com",
    uri: "/admin",
    version: "HTTP/1.1",
    scheme: "https",
    headers: [
      ["Host", "example.com"],
      ["User-Agent", "curl/8"],
    ],
    ip: "203.0.113.9",
    at: 0,
  });
  expect(one("/x#fragment")).toMatchObject({ method: "GET", uri: "/x" });
  expect(one("?a=1").uri).toBe("/?a=1");
  expect(
    one(
      `POST http://u@é.example/p?q=1 with "X-A: b" with 'X-C: d' body "a \\"b\\"" at 2026-11-01T10:00:00Z given cf.waf.score=5 given ip.src.country=FR given cf.client.bot=true`,
    ),
  ).toMatchObject({
    method: "POST",
    host: "\xc3\xa9.example",
    uri: "/p?q=1",
    scheme: "http",
    headers: [
      ["Host", "\xc3\xa9.example"],
      ["X-A", "b"],
      ["X-C", "d"],
    ],
    body: 'a "b"',
    at: Date.parse("2026-11-01T10:00:00Z"),
    given: { "cf.waf.score": 5, "ip.src.country": "FR", "cf.client.bot": true },
  });
  expect(one("GET / at 1234").at).toBe(1234);
});

test("A11: given takes the short names of a visitor, and a number of an AS as people write it", () => {
  const given = { "ip.src.country": "FR", "ip.src.asnum": 64496, "cf.bot_management.score": 2 };
  expect(one("GET / given country=FR given asn=AS64496 given bot_score=2")).toMatchObject({ given });
  expect(one("GET / given ip.src.asnum=as64496").given).toEqual({ "ip.src.asnum": 64496 });
  expect(one('{ "uri": "/", "given": { "country": "FR", "asn": 64496, "bot_score": 2 } }')).toMatchObject({ given });
  expect(one("GET / given city=a,b given country=FR").given).toEqual({ "ip.src.city": "a,b", "ip.src.country": "FR" });
});

test("defaults fill in what a notation leaves out", () => {
  const parsed = parseRequests("GET /", { host: "a.example", ip: "1.1.1.1", at: 5 });
  expect(parsed.ok && parsed.requests[0]).toMatchObject({ host: "a.example", ip: "1.1.1.1", at: 5 });
});

test("a curl command", () => {
  const text = `curl 'https://a.example/p?q=1' \\
    -H 'Accept: text/html' -H "X-Quote: a\\"b\\\\c\\d" -H $'X-Ansi: it\\'s\\u00e9\\x41' -H 'Gone:' -H 'Empty;' \\\r
    -b 'a=1' -e https://r.example -A agent -sSL --compressed --http2 --data-raw '{"a":1}'`;
  expect(one(text)).toMatchObject({
    method: "POST",
    host: "a.example",
    uri: "/p?q=1",
    scheme: "https",
    version: "HTTP/2",
    body: '{"a":1}',
    headers: [
      ["Host", "a.example"],
      ["Accept", "text/html"],
      ["X-Quote", 'a"b\\c\\d'],
      ["X-Ansi", "it's\xc3\xa9A"],
      ["Empty", ""],
      ["Cookie", "a=1"],
      ["Referer", "https://r.example"],
      ["User-Agent", "agent"],
      ["Content-Type", "application/x-www-form-urlencoded"],
    ],
  });
});

test.each<[string, Partial<RequestFacts>]>([
  ["curl a.example", { method: "GET", scheme: "http", host: "a.example", uri: "/" }],
  ["curl -XPUT a.example -d a -d b", { method: "PUT", body: "a&b" }],
  ["curl -I a.example", { method: "HEAD" }],
  ["curl -G a.example/x?y -d a=1", { method: "GET", uri: "/x?y&a=1" }],
  [
    "curl --get --url a.example/x -d a=1 --data-urlencode 'b=c d' --data-urlencode '=e f'",
    { uri: "/x?a=1&b=c%20d&e%20f" },
  ],
  ["curl a.example --json '{}' -0", { method: "POST", body: "{}", version: "HTTP/1.0" }],
  ["curl --http3 a.example -o file -u u:p", { version: "HTTP/3" }],
  ["curl -d '' a.example -k -v", { method: "POST", body: "" }],
  ["curl a\\.example/a\\ b", { host: "a.example", uri: "/a b" }],
])("%s", (text, expected) => {
  expect(one(text)).toMatchObject(expected);
});

test("raw HTTP, with either line ending, in either form of target", () => {
  expect(one("POST /a?b HTTP/1.0\r\nHost: a.example\r\nX-A:  1 \r\n\r\nbody\r\n\r\nmore")).toMatchObject({
    method: "POST",
    host: "a.example",
    uri: "/a?b",
    version: "HTTP/1.0",
    headers: [
      ["Host", "a.example"],
      ["X-A", "1"],
    ],
    body: "body\r\n\r\nmore",
  });
  expect(one("GET http://a.example/ HTTP/2\nX: y\n")).toMatchObject({
    host: "a.example",
    scheme: "http",
    version: "HTTP/2",
  });
});

test("HAR, an entry or a file", () => {
  const request = {
    method: "POST",
    url: "https://a.example/p",
    httpVersion: "h3",
    headers: [
      { name: ":authority", value: "a.example" },
      { name: "x-a", value: "é" },
    ],
    postData: { mimeType: "text/plain", text: "body" },
  };
  const entry = { startedDateTime: "2026-11-01T10:00:00.000Z", request };
  const expected = {
    method: "POST",
    host: "a.example",
    version: "HTTP/3",
    headers: [
      ["Host", "a.example"],
      ["x-a", "\xc3\xa9"],
    ],
    body: "body",
  };
  expect(one(JSON.stringify(entry))).toMatchObject({ ...expected, at: Date.parse(entry.startedDateTime) });
  const parsed = parseRequests(
    JSON.stringify({
      log: { entries: [entry, { request: { ...request, httpVersion: undefined, postData: undefined } }] },
    }),
  );
  expect(parsed.ok && parsed.requests).toMatchObject([expected, { version: "HTTP/1.1" }]);
});

test("JSON of our own", () => {
  expect(
    one(
      '{"request": "GET /a from 1.1.1.1 as x", "headers": {"X": ["1", "2"]}, "at": 5, "given": {"cf.waf.score": 3, "cf.bot_management.detection_ids": [1]}}',
    ),
  ).toMatchObject({
    uri: "/a",
    ip: "1.1.1.1",
    headers: [
      ["Host", "example.com"],
      ["User-Agent", "x"],
      ["X", "1"],
      ["X", "2"],
    ],
    at: 5,
    given: { "cf.waf.score": 3, "cf.bot_management.detection_ids": [1] },
  });
  expect(
    one(
      '{"method": "PUT", "url": "http://a/b", "host": "c", "ip": "::1", "version": "HTTP/2", "body": "é", "headers": [["A", "b"]], "at": "1970-01-01T00:00:01Z"}',
    ),
  ).toMatchObject({
    method: "PUT",
    host: "c",
    scheme: "http",
    ip: "::1",
    version: "HTTP/2",
    body: "\xc3\xa9",
    at: 1000,
  });
  const parsed = parseRequests(
    '[{"uri": "/a"}, {"uri": "/b", "given": {"http.request.jwt.claims.aud": {"é": ["x"]}}}]',
  );
  expect(parsed.ok && parsed.requests.map(({ uri }) => uri)).toEqual(["/a", "/b"]);
});

test.each([
  ["GET", "is no request; write METHOD TARGET"],
  ["GET x", "is neither a path that starts with / nor a URL"],
  ["GET / frm 1.1.1.1", '"frm" is not known here'],
  ["GET / from", '"from" has nothing after it'],
  ["GET / from 1.2.3", '"1.2.3" is no IP address'],
  ['GET / with "a b"', '"a b" is no header'],
  ["GET / at noon", '"noon" is no time'],
  ["GET / given x", '"x" gives no value'],
  ["GET / given cf.waf.scor=1", "there is no such field; did you mean cf.waf.score?"],
  ["GET / given country=FR, asn=1", "write given again for asn: given FIELD=VALUE given asn=VALUE"],
  ["GET / given country=FR asn=1", "write given again for asn"],
  ["GET / given country=FR,asn=1", "write given again for asn"],
  ["GET / given country=FR, given asn=1", '"country=FR," ends with a comma; divide the parts by spaces'],
  ["GET / given country=FR given ip.src.country=DE", "ip.src.country is given twice; give one value"],
  ["GET / given ip=192.0.2.1", "write from ADDRESS"],
  ["GET / given user_agent=curl/8", 'write as "NAME"'],
  ["GET / given contry=FR", "there is no such field; did you mean country?"],
  ["GET / given src.country=FR", "there is no such field; did you mean ip.src.country?"],
  ["GET / given geoip.country=FR", "there is no such field; did you mean ip.src.country?"],
  ["GET / given nothing.like.it=1", "but there is no such field"],
  ["curl", "is neither a path"],
  ["curl -s", "this curl command has no URL"],
  ["curl a -H", "the curl option -H has no value"],
  ["curl a -d @file", "is in the file file"],
  ["curl 'a", "a quote (') in this curl command is not closed"],
  ["curl a -X 'a b'", '"a b" is no HTTP method'],
  ["GET / HTTP/1.1 x", "is no request line"],
  ["GET / HTTP/1.1\r\n folded: x", "is no header"],
  ["curl a -H $'A: b\\nC: d'", "is no header"],
  ["{", "starts like JSON but is not"],
  ["[1]", "1 is no request"],
  ['{"a": 1}', '"a" is not part of a request'],
  ['{"url": 1}', "should be text, but is 1"],
  ["{}", "should be text, but is missing"],
  ['{"uri": "/", "headers": 1}', '"headers" is an object or a list'],
  ['{"uri": "/", "headers": [1]}', '"headers" should be text'],
  ['{"uri": "/", "headers": {"a": 1}}', '"headers.a" should be text'],
  ['{"uri": "/", "given": 1}', '"given" is an object'],
])("%j is refused: %s", (text, message) => {
  expect(refused(text)).toContain(message);
});
