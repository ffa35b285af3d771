import { describe, expect, test } from "@jest/globals";
import type { Engine, RequestFacts, Rule } from "../../../../infra/rules/index.ts";
import { engine, limit, path, request, ruleset } from "./deployment.ts";

const REDIRECTS = "http_request_dynamic_redirect";

/** A redirect of what is not TLS, with parts of its `from_value`. */
const rule = (from_value: object, parts: Partial<Rule> = {}): Rule => ({
  ref: "to_https",
  expression: "not ssl",
  action: "redirect",
  action_parameters: { from_value },
  ...parts,
});
const to = (expression: string) => ({ target_url: { expression } });
const redirecting = (...rules: readonly Rule[]): Engine => engine({ zone: [ruleset(REDIRECTS, rules)] });
const plain = (uri: string, parts: Partial<RequestFacts> = {}): RequestFacts =>
  request(uri, { scheme: "http", ...parts });

const HTTPS = to('concat("https://", http.host, http.request.uri.path)');

describe("a redirect", () => {
  test("answers with the status and the place that its expression makes, and names the rule", () => {
    const { handle } = redirecting(rule({ ...HTTPS, status_code: 308 }));
    expect(handle(plain("/a?b=1"))).toMatchObject({
      outcome: "redirect",
      by: { ref: "to_https", phase: REDIRECTS, action: "redirect", why: "ssl is false", logged: false },
      response: { status: 308, location: "https://chat.example.com/a" },
    });
    expect(handle(request("/a")).outcome).toBe("pass");
  });

  test("is permanent where it gives no status", () => {
    expect(redirecting(rule(HTTPS)).handle(plain("/")).response?.status).toBe(301);
  });

  test.each([
    ["https://new.example/", "/old?a=1&b", "https://new.example/?a=1&b"],
    ["https://new.example/?from=old", "/old?a=1", "https://new.example/?from=old&a=1"],
    ["https://new.example/#part", "/old?a=1", "https://new.example/?a=1#part"],
    ["https://new.example/", "/old", "https://new.example/"],
  ])("to %s keeps the query of %s where it shall", (value, uri, location) => {
    const kept = redirecting(rule({ target_url: { value }, preserve_query_string: true }));
    expect(kept.handle(plain(uri)).response?.location).toBe(location);
    expect(redirecting(rule({ target_url: { value } })).handle(plain(uri)).response?.location).toBe(value);
  });

  test("comes before every other phase: nothing is blocked or counted", () => {
    const { handle } = engine({
      zone: [
        ruleset("http_ratelimit", [limit({}, { expression: "true" })]),
        ruleset("http_request_firewall_custom", [{ ref: "all", expression: path("/form"), action: "block" }]),
        ruleset(REDIRECTS, [rule(HTTPS)]),
      ],
    });
    for (let sent = 0; sent < 3; sent += 1) expect(handle(plain("/form")).events).toHaveLength(1);
    expect(handle(request("/form")).by?.ref).toBe("all");
    expect(handle(request("/")).outcome).toBe("pass");
  });

  test("the first that matches decides", () => {
    const { handle } = redirecting(rule(HTTPS, { ref: "first" }), rule(to("http.host"), { ref: "second" }));
    expect(handle(plain("/")).by?.ref).toBe("first");
  });

  test("cannot be made to write a header line of the client's", () => {
    const { handle } = redirecting(rule(to('concat("https://", http.host, url_decode(http.request.uri.path))')));
    expect(handle(plain("/a%0d%0aSet-Cookie:%20x=1%c3%a9")).response?.location).toBe(
      "https://chat.example.com/a%0D%0ASet-Cookie:%20x=1%C3%A9",
    );
    const text = redirecting(rule({ target_url: { value: "https://exämple.com/" } }));
    expect(text.handle(plain("/")).response?.location).toBe("https://ex%C3%A4mple.com/");
  });

  test("without a place to lead to lets the request go on", () => {
    const { handle } = redirecting(rule(to('http.request.headers["x-to"][0]')));
    expect(handle(plain("/"))).toMatchObject({ outcome: "pass", events: [{ ref: "to_https" }] });
    expect(handle(plain("/", { headers: [["X-To", ""]] })).outcome).toBe("pass");
    expect(handle(plain("/", { headers: [["X-To", "https://a/"]] })).response?.location).toBe("https://a/");
  });

  test("by what only Cloudflare knows is undetermined, and names it", () => {
    const country = redirecting(rule(to('concat("https://", http.host, "/", ip.src.country)')));
    expect(country.handle(plain("/"))).toMatchObject({ outcome: "undetermined", undetermined: ["ip.src.country"] });
    const given = plain("/", { given: { "ip.src.country": "DE" } });
    expect(country.handle(given).response?.location).toBe("https://chat.example.com/DE");
  });
});
