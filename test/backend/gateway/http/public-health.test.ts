import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";

const [own, other, forged] = [1, 2, 3].map((digit) => `${digit}0000000-0000-4000-8000-000000000000`);
const RAY = { "cf-ray": "0123456789abcdef-AMS" };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.stop());

async function health(query: string, headers: Record<string, string> = {}) {
  const { status, json } = await gateway.request("GET", `/api/health${query}`, { headers });
  return [status, json];
}

test("anyone can ask whether the site serves requests", async () => {
  expect(await health("")).toEqual([200, { healthy: true }]);
});

test("the site's document says that this health is not the database's, and what is", async () => {
  const { json } = await gateway.request("GET", "/api/openapi.json");
  const description = expect.stringContaining("not that the database works: /health/ready at");
  expect(json).toMatchObject({ paths: { "/api/health": { get: { description } } } });
});

test("the connector that carried the request is named to a client that names it, and to no other", async () => {
  const headers = { ...RAY, "cf-warp-tag-id": `${own}` };
  expect(await health(`?connectors=${other},${own}`, headers)).toEqual([200, { healthy: true, connector: own }]);
  for (const query of ["", `?connectors=${other}`])
    expect(await health(query, headers)).toEqual([200, { healthy: true }]);
});

test("a connector's tag counts after one of the client's, and only from Cloudflare", async () => {
  const query = `?connectors=${forged},${own}`;
  const two = { ...RAY, "cf-warp-tag-id": `${forged}, ${own}` };
  expect(await health(query, two)).toEqual([200, { healthy: true, connector: own }]);
  expect(await health(query, { "cf-warp-tag-id": `${own}` })).toEqual([200, { healthy: true }]);
});

test("more connectors than a tunnel has are refused", async () => {
  expect((await health(`?connectors=${"x".repeat(25 * 37)}`))[0]).toBe(422);
  expect((await health(`?connectors=${"x".repeat(25 * 37 - 1)}`))[0]).toBe(200);
});
