import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { policyFor } from "../../../../infra/policy/index.ts";
import { site } from "../../policy/site.ts";
import { HOST, TestSite } from "./test-site.ts";

let testSite: TestSite;
let reached: string[] = [];

beforeAll(async () => {
  testSite = await TestSite.build((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.end("origin");
  });
  const zone = { name: "causeway.localhost" };
  const { rulesets } = policyFor({ ...site, zone, hostnames: [HOST] }, "enterprise");
  const custom = rulesets.find(({ phase }) => phase === "http_request_firewall_custom");
  const rules = custom?.rules.map(({ ref, description, expression, action }) => ({
    ref,
    description,
    expression,
    action,
  }));
  await testSite.deploy("http_request_firewall_custom", rules ?? []);
});
afterAll(() => testSite.close());
beforeEach(() => {
  reached = [];
});

const statusOf = (reply: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1]);
const request = (target: string, host = HOST) =>
  testSite.raw(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, "latin1"));

describe("a path that is not declared never reaches the origin, however it is spelled", () => {
  test.each([
    "/admin",
    "/ADMIN",
    "/%61dmin",
    "/%2561dmin",
    "//admin",
    "/./admin",
    "/%2e/admin",
    "/health/../admin",
    "/health/%2e%2e/admin",
    "/health/..%2fadmin",
    "/health/..\\admin",
    "/admin/",
    "/admin;a=b",
    "/admin%00",
    "/admin%20",
    "/admin?a=/health",
    "/\xe4dmin",
    `http://${HOST}/admin`,
    `HTTP://${HOST}/admin`,
    `http://${HOST}//admin`,
  ])("%s", async (target) => {
    expect([400, 403]).toContain(statusOf(await request(target)));
    expect(reached).toEqual([]);
  });

  test.each([
    ["the host in capitals", HOST.toUpperCase()],
    ["the host with a dot", `${HOST}.`],
    ["the host with a port", `${HOST}:443`],
    ["the host with a dot and a port", `${HOST}.:443`],
  ])("%s", async (_what, host) => {
    expect(statusOf(await request("/admin", host))).toBe(403);
    expect(reached).toEqual([]);
  });

  test("a declared path reaches the origin", async () => {
    expect(statusOf(await request("/"))).toBe(200);
    expect(reached).toEqual(["GET /"]);
  });
});
