/** P9: records that are given in parts: CAA, SRV, HTTPS. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { serviceParametersProblem } from "../../../../infra/local/api/dns/service-parameters.ts";
import { character } from "../../../character.ts";
import { proZone, type Reply, withApi } from "./client.ts";

const failure = ({ status, body }: Reply) => [status, body.errors[0]?.code, body.errors[0]?.source?.pointer];

const caa = { type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "letsencrypt.org" } };
const srv = {
  type: "SRV",
  name: "_sip._tcp",
  data: { priority: 10, weight: 5, port: 8806, target: "SIP.example.com." },
};
const https = { type: "HTTPS", name: "@", data: { priority: 1, target: ".", value: 'alpn="h3,h2"' } };

test.each([
  [caa, 'example.com 0 issue "letsencrypt.org"', caa.data],
  [srv, "_sip._tcp.example.com 10 5 8806 sip.example.com", { ...srv.data, target: "sip.example.com" }],
  [{ ...srv, data: { ...srv.data, target: "." } }, "_sip._tcp.example.com 10 5 8806 .", { ...srv.data, target: "." }],
  [https, 'example.com 1 . alpn="h3,h2"', https.data],
  [
    { ...https, data: { priority: 0, target: "Pool.Example.net", value: "" } },
    "example.com 0 pool.example.net",
    { priority: 0, target: "pool.example.net", value: "" },
  ],
])("P9: of the data of %j the content is made", async (body, content, data) => {
  await withApi({ seed: proZone }, async (api, call) => {
    const path = `/zones/${api.zoneId}/dns_records`;
    const created = await call("POST", path, body);
    const { result } = created.body;
    expect([created.status, `${result.name} ${result.content}`]).toEqual([200, content]);
    expect(result).toMatchObject({ type: body.type, data, proxied: false, proxiable: false, ttl: 1 });
    expect((await call("GET", `${path}/${result.id}`)).body.result).toEqual(result);
    expect(failure(await call("POST", path, body)).slice(0, 2)).toEqual([400, 81058]);
    expect(failure(await call("PATCH", `${path}/${result.id}`, { proxied: true }))).toEqual([400, 9004, "/proxied"]);
  });
});

test.each([
  ["a content besides the data", { ...caa, content: '0 issue "letsencrypt.org"' }, 1004, "/content"],
  ["no data", { type: "CAA", name: "@" }, 1004, "/data"],
  ["data of another type", { ...caa, data: srv.data }, 1004, "/data/priority"],
  ["data of a type that has none", { type: "A", name: "a", content: "192.0.2.1", data: {} }, 1004, "/data"],
  ["a missing member", { ...srv, data: { priority: 1, weight: 1, port: 1 } }, 1004, "/data/target"],
  ["a flag of nine bits", { ...caa, data: { ...caa.data, flags: 256 } }, 1004, "/data/flags"],
  ["a tag with a quotation mark", { ...caa, data: { ...caa.data, tag: 'a"' } }, 1004, "/data/tag"],
  ["a value with a quotation mark", { ...caa, data: { ...caa.data, value: 'a" issue "b' } }, 1004, "/data/value"],
  ["a line break in a value", { ...caa, data: { ...caa.data, value: "a\n" } }, 1004, "/data/value"],
  ["a port of 17 bits", { ...srv, data: { ...srv.data, port: 65_536 } }, 1004, "/data/port"],
  ["a fraction", { ...srv, data: { ...srv.data, weight: 0.5 } }, 1004, "/data/weight"],
  ["a target with spaces", { ...srv, data: { ...srv.data, target: "a b" } }, 9101, "/data/target"],
  ["a target of two dots", { ...https, data: { ...https.data, target: ".." } }, 9101, "/data/target"],
  ["an alias with parameters", { ...https, data: { ...https.data, priority: 0 } }, 9101, "/data/value"],
  ["an unknown parameter", { ...https, data: { ...https.data, value: "alp=h2" } }, 9101, "/data/value"],
  ["a proxied record", { ...https, proxied: true }, 9004, "/proxied"],
])("P9: %s is refused", async (_name, body, code, pointer) => {
  await withApi({ seed: proZone }, async (api, call) => {
    expect(failure(await call("POST", `/zones/${api.zoneId}/dns_records`, body))).toEqual([400, code, pointer]);
    expect(api.cloud.zoneOf("example.com")?.records).toEqual([]);
  });
});

test("P9: a change keeps the data that it leaves out, and a new type needs data or a content of its own", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const path = `/zones/${api.zoneId}/dns_records`;
    const { id } = (await call("POST", path, caa)).body.result;
    const change = (body: object) => call("PATCH", `${path}/${id}`, body);
    expect((await change({ comment: "c" })).body.result).toMatchObject({ data: caa.data, comment: "c" });
    expect(failure(await change({ type: "SRV" }))).toEqual([400, 1004, "/data"]);
    expect(failure(await change({ type: "TXT" }))).toEqual([400, 1004, "/content"]);
    const { result } = (await change({ type: "SRV", name: srv.name, data: srv.data })).body;
    expect(result).toMatchObject({ type: "SRV", content: "10 5 8806 sip.example.com" });
    const text = (await change({ type: "TXT", content: "v" })).body.result;
    expect(text).toMatchObject({ type: "TXT", content: "v" });
    expect(text).not.toHaveProperty("data");
  });
});

describe("P9: the parameters of an HTTPS record", () => {
  test.each([
    "",
    "alpn=h2",
    'alpn="h3,h2" no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint="2001:db8::1"',
    "mandatory=alpn,port alpn=h2 port=53",
    "ech=AEX+DQBBYQ==",
    'key65280="a b"',
    "key0=x",
  ])("%s is right", (text) => expect(serviceParametersProblem(text)).toBeUndefined());

  test.each([
    ["alpn", "the value of alpn is wrong"],
    ["alpn=", 'expected a parameter like alpn="h3,h2" at "alpn="'],
    ['alpn="h2', 'expected a parameter like alpn="h3,h2" at "alpn=\\"h2"'],
    ["alpn=h2,,h3", "the value of alpn is wrong"],
    ["port=65536", "the value of port is wrong"],
    ["port=0x1", "the value of port is wrong"],
    ["ipv4hint=2001:db8::1", "the value of ipv4hint is wrong"],
    ["ipv6hint=fe80::1%eth0", "the value of ipv6hint is wrong"],
    ["no-default-alpn", "no-default-alpn needs alpn"],
    ["no-default-alpn=x alpn=h2", "the value of no-default-alpn is wrong"],
    ["alpn=h2 alpn=h3", "alpn is there twice"],
    ["mandatory=port alpn=h2", "mandatory names port, which is not there"],
    ["mandatory=mandatory", "the value of mandatory is wrong"],
    ["constructor=x", "there is no parameter constructor"],
    ["key007=x", "there is no parameter key007"],
    ["=x", 'expected a parameter like alpn="h3,h2" at "=x"'],
  ])("%s is wrong", (text, problem) => expect(serviceParametersProblem(text)).toBe(problem));

  test("any text is read to its end", () => {
    const word = fc.constantFrom(
      "alpn",
      "=",
      '"',
      " ",
      ",",
      "h2",
      "port",
      "mandatory",
      "no-default-alpn",
      "key1",
      "\\",
    );
    const text = fc.oneof(
      fc.string({ unit: character }),
      fc.array(word).map((words) => words.join("")),
    );
    fc.assert(
      fc.property(text, (given) => {
        const problem = serviceParametersProblem(given);
        expect(problem === undefined || problem.length < 200).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
