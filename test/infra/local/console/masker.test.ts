import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Masker } from "../../../../infra/local/console/masker.ts";
import { SecretNames } from "../../../../infra/local/console/secret-names.ts";

const SECRET = "hunter2-hunter2";
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const masker = () => new Masker(new SecretNames(["setup", "passwordFingerprint"]));

describe("headers", () => {
  test.each([
    ["Authorization", `Bearer ${SECRET}`, "Bearer [secret]"],
    ["Proxy-Authorization", SECRET, "[secret]"],
    ["Cookie", `theme=${SECRET}; CF_Authorization=${JWT}`, "theme=[secret]; CF_Authorization=[secret]"],
    ["Set-Cookie", `sid=${SECRET}; Path=/; HttpOnly`, "sid=[secret]; Path=/; HttpOnly"],
    ["Cf-Access-Jwt-Assertion", JWT, "[secret]"],
    ["CF-Access-Client-Secret", SECRET, "[secret]"],
    ["X-Api-Key", SECRET, "[secret]"],
    ["X_API_KEY", SECRET, "[secret]"],
    ["Referer", `https://a.example/x?token=${SECRET}&page=2`, "https://a.example/x?token=[secret]&page=2"],
    ["Location", `/x?a=1#setup=${SECRET}`, "/x?a=1#setup=[secret]"],
    ["Sec-WebSocket-Protocol", `chat, ${"a1".repeat(20)}`, "chat, [secret]"],
    ["X-Anything", `one ${JWT} two`, "one [secret] two"],
    ["User-Agent", "curl/8", "curl/8"],
    ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="],
  ])("%s: %s", (name, value, masked) => {
    expect(masker().header(name, value)).toBe(masked);
  });
});

describe("URLs", () => {
  test.each([
    ["/a?token=x", "/a?token=[secret]"],
    ["/a?%74oken=x&b=1", "/a?%74oken=[secret]&b=1"],
    ["/a?TOKEN=x", "/a?TOKEN=[secret]"],
    ["/a?access_token=x", "/a?access_token=[secret]"],
    ["/a?code=x", "/a?code=[secret]"],
    ["/a?q=hello&id=0b8c7f7e-3a1d-4f2b-9c3e-1a2b3c4d5e6f", "/a?q=hello&id=0b8c7f7e-3a1d-4f2b-9c3e-1a2b3c4d5e6f"],
    [`/a?once=${"Zx9_".repeat(10)}`, "/a?once=[secret]"],
    [`/a?${"Zx9_".repeat(10)}`, "/a?[secret]"],
    [`/a/${JWT}/b`, "/a/[secret]/b"],
    [`/a?to=${encodeURIComponent("/b?token=x&c=1")}`, `/a?to=${encodeURIComponent("/b?token=[secret]&c=1")}`],
    ["/a?b=%zz", "/a?b=%zz"],
    ["/a", "/a"],
  ])("%s", (url, masked) => {
    expect(masker().url(url)).toBe(masked);
  });
});

describe("bodies", () => {
  const json = (text: string) => masker().body(text, "application/json");

  test.each([
    ['{"email":"a@b.example","password":"x y"}', '{"email":"a@b.example","password":"[secret]"}'],
    ['{"p\\u0061ssword":"x"}', '{"p\\u0061ssword":"[secret]"}'],
    ['{"setup":"x","passwordFingerprint":"y"}', '{"setup":"[secret]","passwordFingerprint":"[secret]"}'],
    ['{"token":{"a":["}",1]},"b":2}', '{"token":"[secret]","b":2}'],
    ['{"token": 12345 ,"b":2}', '{"token": "[secret]" ,"b":2}'],
    ['{"a":[{"accessToken":"x"}],"code":"FORBIDDEN"}', '{"a":[{"accessToken":"[secret]"}],"code":"FORBIDDEN"}'],
    ['{"password":"cut o', '{"password":"[secret]"'],
    ['data: {"token":"x"}\n\ndata: {"a":"b"}', 'data: {"token":"[secret]"}\n\ndata: {"a":"b"}'],
    [`{"a":"${JWT}"}`, '{"a":"[secret]"}'],
    ["{'password': 'hunter2'}", "{'password': '[secret]'}"],
    ['x" "password":"hunter2"', 'x" "password":"[secret]"'],
  ])("JSON %s", (text, masked) => {
    expect(json(text)).toBe(masked);
  });

  test("a form, and a form with files", () => {
    expect(masker().body("password=x&a=b", "application/x-www-form-urlencoded; charset=utf-8")).toBe(
      "password=[secret]&a=b",
    );
    const part = (name: string, value: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const form = (password: string) => `${part("password", password)}${part("a", "b")}--b--`;
    expect(masker().body(form(SECRET), "multipart/form-data; boundary=b")).toBe(form("[secret]"));
  });

  test("JSON keeps its meaning, and no secret stays, however it is nested and cut", () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.array(tie("any")),
        fc.dictionary(fc.string(), tie("any")),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.constantFrom("password", "refreshToken", "setup"), fc.nat(), (other, name, cut) => {
        const text = JSON.stringify({
          before: other,
          [name]: `${SECRET}"\\${SECRET}`,
          after: [other, { [name]: [SECRET] }],
        });
        const masked = json(text);
        expect(masked).not.toContain(SECRET);
        expect(json(text.slice(0, cut % text.length))).not.toContain(SECRET);
      }),
    );
  });

  test("64 KiB of opening brackets, quotes or word characters take no time that grows with their square", () => {
    for (const piece of ['{"a":', '"', '"token":{', "a", 'name="x"\r\n\r\n']) {
      const text = piece.repeat(65_536 / piece.length);
      const since = process.cpuUsage();
      json(text);
      masker().body(text, "multipart/form-data; boundary=b");
      const { user } = process.cpuUsage(since);
      expect(user).toBeLessThan(1_000_000); // one that is quadratic takes minutes
    }
  });
});

test("a text about an exchange does not repeat the secrets that were found in it", () => {
  const one = masker();
  one.url(`/a?token=${SECRET}&x=${encodeURIComponent("a token?b=c&token=d e f g h")}`);
  expect(one.about(`http.request.uri.query is "token=${SECRET}"`)).toBe('http.request.uri.query is "token=[secret]"');
});
