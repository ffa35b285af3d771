import { expect, test } from "@jest/globals";
import { IgnoredAddresses } from "../../../../backend/gateway/limits/ignored-addresses.ts";
import { MAX_REFUSAL_LINES, RefusalLog } from "../../../../backend/gateway/limits/refusal-log.ts";
import { createLog } from "../../../../backend/log.ts";
import { startTestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

function logged() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { lines, log };
}

test("S10: a flood of refusals is so many lines: the first of each network and kind, and a sum at the end", () => {
  const { lines, log } = logged();
  const refusals = new RefusalLog(log);
  const write = () => log.info("request");
  for (let n = 0; n < 20_000; n++) {
    const network = `192.0.2.${n % 7}`;
    refusals.note({ status: 429, code: "RATE_LIMITED", route: "/a", network }, write);
  }
  for (let n = 0; n < 3_000; n++)
    refusals.note({ status: 404, code: "NOT_FOUND", route: "none", network: `n${n}` }, write);
  refusals.note({ status: 401, code: "UNAUTHORIZED", route: "/a", network: "192.0.2.1" }, write);
  expect(lines.map(({ msg }) => msg)).toEqual(Array.from({ length: 7 + MAX_REFUSAL_LINES.kind + 1 }, () => "request"));
  refusals.writeSummary();
  expect(lines.slice(7 + MAX_REFUSAL_LINES.kind + 1)).toMatchObject([
    {
      msg: "requests refused",
      status: 429,
      code: "RATE_LIMITED",
      route: "/a",
      count: 20_000,
      networks: 7,
      seconds: 10,
    },
    { msg: "requests refused", status: 404, code: "NOT_FOUND", route: "none", count: 3_000, networks: 1_000 },
  ]);
  const again = () => log.info({ again: true }, "request");
  refusals.note({ status: 429, code: "RATE_LIMITED", route: "/a", network: "192.0.2.0" }, again);
  expect(lines.at(-1)).toMatchObject({ again: true });
  expect(refusals.total).toBe(23_002);
  refusals.writeSummary();
});

test("S10: however many kinds of refusals there are, a window has so many lines", () => {
  const { lines, log } = logged();
  const refusals = new RefusalLog(log);
  for (let n = 0; n < 500; n++)
    refusals.note({ status: 404, code: "NOT_FOUND", route: `/${n}`, network: "192.0.2.1" }, () => log.info("request"));
  expect(lines).toHaveLength(MAX_REFUSAL_LINES.all);
  for (let n = 0; n < 500; n++) refusals.error({ err: new Error("x") }, "call failed");
  expect(lines).toHaveLength(MAX_REFUSAL_LINES.all + MAX_REFUSAL_LINES.errors);
  refusals.writeSummary();
  expect(lines.at(-1)).toMatchObject({ level: "error", count: 500 - MAX_REFUSAL_LINES.errors });
});

test("S10: repeated refusals of a client make one log line, and each successful request makes one", async () => {
  const gateway = await startTestGateway({ "users.profile": () => ({ id: "x" }) as never });
  for (let n = 0; n < 50; n++) await gateway.request("GET", "/nothing");
  for (let n = 0; n < 5; n++) await gateway.request("GET", "/api/users/me", { token: tokenOf("a") });
  await gateway.stop();
  const statuses = gateway.log.filter(({ msg }) => msg === "request").map(({ status }) => status);
  expect(statuses).toEqual([404, 200, 200, 200, 200, 200]);
  expect(gateway.log.filter(({ msg }) => msg === "requests refused")).toMatchObject([{ status: 404, count: 50 }]);
});

test("O15: visitors whose address is ignored are noticed once, with the peer and what to set", () => {
  const { lines, log } = logged();
  const ignored = new IgnoredAddresses(log);
  for (const visitor of ["203.0.113.1", "203.0.113.1", "203.0.113.2"]) ignored.note("10.0.0.5", visitor);
  ignored.note("10.0.0.6", "203.0.113.3");
  expect(lines).toEqual([]);
  for (const visitor of ["203.0.113.3", "203.0.113.4"]) ignored.note("10.0.0.5", visitor);
  for (let n = 0; n < 1_000; n++) ignored.note(`10.0.1.${n % 250}`, `203.0.113.${n % 200}`);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: "warn", peer: "10.0.0.5" });
  expect(lines[0]?.msg).toMatch(/10\.0\.0\.5.*TRUSTED_PEERS=10\.0\.0\.5\/32.*HOST/);
  expect(ignored.count).toBe(1_006);
});
