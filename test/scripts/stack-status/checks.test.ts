import { expect, test } from "@jest/globals";
import { isProtected, placeCheck } from "../../../scripts/stack-status/access-checks.ts";
import { tunnelCheck } from "../../../scripts/stack-status/account-checks.ts";
import { duration, exitCodeOf, stateOf } from "../../../scripts/stack-status/check.ts";
import { type HealthOutcome, outcomeOf } from "../../../scripts/stack-status/health-request.ts";
import { reachConnectors } from "../../../scripts/stack-status/reach-connectors.ts";
import { statusText } from "../../../scripts/stack-status/report-text.ts";
import {
  certificateCheck,
  connectorChecks,
  requestsCheck,
  serviceCheck,
  worseCertificate,
} from "../../../scripts/stack-status/site-checks.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2026-11-30T20:00:00Z");
const client = (id: string) => ({
  id,
  version: "2026.8.2",
  addresses: ["198.51.100.7"],
  startedAt: "2026-11-27T19:00:00Z",
  connections: 4,
  dataCentres: ["ams01", "fra03"],
});
const clients = [client("a"), client("b")];

/** Outcomes in turn, the last one for ever. */
function sender(...outcomes: readonly HealthOutcome[]) {
  let sent = 0;
  return async () => outcomes[Math.min(sent++, outcomes.length - 1)] as HealthOutcome;
}
const by = (connector?: string): HealthOutcome => ({ kind: "reached", ...(connector !== undefined && { connector }) });
const failed: HealthOutcome = { kind: "failed", reason: "status 502" };
const statesOf = async (...outcomes: readonly HealthOutcome[]) => {
  const requests = await reachConnectors(sender(...outcomes), clients);
  return [...connectorChecks(clients, requests, NOW), requestsCheck("chat.example.com", requests)].map(
    ({ state }) => state,
  );
};

test("each connector has carried a request: two requests for each connection are enough", async () => {
  const requests = await reachConnectors(sender(by("a"), by("b")), clients);
  expect(requests).toMatchObject({ sent: 16, reached: 16 });
  const [first, second] = connectorChecks(clients, requests, NOW);
  expect(first).toEqual({
    name: "connector",
    subject: "a",
    state: "well",
    message: "version 2026.8.2, runs for 3 days, at 198.51.100.7, 4 connections to ams01, fra03; carried 1 request",
  });
  expect(second?.message).toContain("carried 15 requests");
});

test("a connector that carried none is not known while no request failed, after more tries", async () => {
  const requests = await reachConnectors(sender(by("a")), clients);
  expect(requests.sent).toBe(32);
  expect(await statesOf(by("a"))).toEqual(["well", "not known", "well"]);
});

test("a connector that carried none while others failed may be half-dead", async () => {
  expect(await statesOf(failed, by("a"), failed, by("a"))).toEqual(["well", "wrong", "wrong"]);
});

test("where no request is served, no connector is blamed, and the requests end soon", async () => {
  const requests = await reachConnectors(sender(failed), clients);
  expect(requests.sent).toBeLessThanOrEqual(11);
  expect(await statesOf(failed)).toEqual(["not known", "not known", "wrong"]);
});

test("a gateway that sees no connector, and a limit, leave it unknown", async () => {
  expect(await statesOf(by())).toEqual(["not known", "not known", "well"]);
  const requests = await reachConnectors(sender({ kind: "not known", reason: "status 429" }), clients);
  expect(requests.sent).toBeLessThanOrEqual(4);
  expect(requestsCheck("chat.example.com", requests)).toMatchObject({ state: "not known" });
});

test("never more than 100 requests, and one for each other hostname", async () => {
  const many = Array.from({ length: 25 }, (_, index) => client(`c${index}`));
  expect((await reachConnectors(sender(by("c0")), many)).sent).toBe(100);
  expect((await reachConnectors(sender(by()), [], 1)).sent).toBe(1);
});

test("a service is well where it responds, whatever it says, and wrong where the edge or an error responds", () => {
  const stateFor = (status: number, more: object = {}) => {
    const response = { status, ray: "0123456789abcdef-AMS", isChallenge: false, json: undefined, ...more };
    return serviceCheck("chat.example.com/grafana", { response }).state;
  };
  expect([200, 302, 401, 403, 404].map((status) => stateFor(status))).toEqual(Array(5).fill("well"));
  expect([500, 502, 530].map((status) => stateFor(status))).toEqual(Array(3).fill("wrong"));
  expect([stateFor(429), stateFor(403, { isChallenge: true })]).toEqual(["not known", "not known"]);
  expect(stateFor(200, { ray: undefined })).toBe("wrong");
  expect(serviceCheck("status.example.com", { failure: "no response within 3 s" })).toEqual({
    name: "service",
    subject: "status.example.com",
    state: "wrong",
    message: "no response within 3 s",
  });
});

const RAY = { ray: "0123456789abcdef-AMS", isChallenge: false, json: undefined } as const;
const PLACE = {
  ...{ application: "access:app:admin", id: "id", accountId: "a", audience: "aud" },
  ...{ hostname: "chat.example.com", path: "/api/admin" },
};
const login = (kid: string) => `https://example.cloudflareaccess.com/cdn-cgi/access/login/chat.example.com?kid=${kid}`;

test("a place behind Access is well where it leads to its own login or is closed, and wrong where it is open", () => {
  const check = (status: number, more: object = {}, isThere = true) =>
    placeCheck(PLACE, isThere, { response: { status, ...RAY, ...more } });
  expect(check(302, { location: login("aud") })).toEqual({
    name: "application",
    subject: "chat.example.com/api/admin",
    state: "well",
    message: "leads to the login at example.cloudflareaccess.com",
  });
  expect([401, 403].map((status) => check(status).state)).toEqual(["well", "well"]);
  const elsewhere = "https://example.com/cdn-cgi/access/login/chat.example.com?kid=aud";
  const open = [check(200), check(404), check(301, { location: "/login" }), check(302, { location: elsewhere })];
  expect(open.map(({ state, message }) => [state, message.slice(0, 5)])).toEqual(Array(4).fill(["wrong", "open:"]));
  expect(check(302, { location: login("other") })).toMatchObject({
    state: "wrong",
    message: expect.stringContaining("not access"),
  });
  expect(check(403, {}, false)).toMatchObject({
    state: "wrong",
    message: expect.stringContaining("deleted elsewhere"),
  });
  expect([check(530), check(302, { ray: undefined })].map(({ state }) => state)).toEqual(["wrong", "wrong"]);
  expect([check(429), check(403, { isChallenge: true })].map(({ state }) => state)).toEqual(["not known", "not known"]);
  expect(placeCheck(PLACE, true, { failure: "no response within 3 s" })).toMatchObject({ state: "wrong" });
});

test("an application covers its path and all below, by whole segments", () => {
  const covered = (path: string) => isProtected([PLACE], "chat.example.com", path);
  expect(["/api/admin", "/api/admin/users", "/api/administrators", "/"].map(covered)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(isProtected([{ ...PLACE, path: "" }], "chat.example.com", "/api/health")).toBe(true);
  expect(isProtected([{ ...PLACE, path: "" }], "admin.example.com", "/api/health")).toBe(false);
});

test("a login that no application of the stack asks for is no failure of the gateway", () => {
  const outcome = outcomeOf({ response: { status: 302, ...RAY, location: login("other") } });
  expect(outcome).toEqual({ kind: "not known", reason: expect.stringContaining("sign in at Access") });
  expect(outcomeOf({ response: { status: 302, ...RAY, location: "/elsewhere" } })).toMatchObject({ kind: "failed" });
});

test("a certificate that ends soon, is refused, or was not seen", () => {
  const check = (days: number, problem?: string) =>
    certificateCheck(
      "chat.example.com",
      { validUntil: NOW + days * DAY_MS, ...(problem !== undefined && { problem }) },
      { isTls: true, now: NOW },
    );
  expect(check(60)).toMatchObject({ state: "well", message: expect.stringContaining("(60 days)") });
  expect(check(1.9)).toMatchObject({ state: "wrong", message: expect.stringContaining("not renewed") });
  expect(check(60, "CERT_HAS_EXPIRED")).toMatchObject({ state: "wrong" });
  expect(check(Number.NaN)).toMatchObject({ state: "wrong", message: "valid until an unreadable date" });
  expect(certificateCheck("a", undefined, { isTls: true, now: NOW })).toMatchObject({ state: "not known" });
  expect(certificateCheck("a", undefined, { isTls: false, now: NOW })).toBeUndefined();
});

test("of two certificates counts the one that is refused, else the one that ends first or has no date", () => {
  const [refused, soon, late, undated] = [
    { validUntil: NOW + 90 * DAY_MS, problem: "CERT_HAS_EXPIRED" },
    { validUntil: NOW + DAY_MS },
    { validUntil: NOW + 60 * DAY_MS },
    { validUntil: Number.NaN },
  ];
  const worst = [refused, undated, soon, late, undefined];
  for (const [index, worse] of worst.entries()) {
    for (const better of worst.slice(index)) {
      expect(worseCertificate(worse, better)).toBe(worse);
      expect(worseCertificate(better, worse)).toBe(worse);
    }
  }
});

test("a tunnel is well where Cloudflare calls it healthy", () => {
  expect(["healthy", "degraded", "down", "inactive"].map((status) => tunnelCheck("id", status).state)).toEqual([
    "well",
    "wrong",
    "wrong",
    "wrong",
  ]);
});

test("one wrong check counts more than one that is not known", () => {
  const state = (...states: ("well" | "wrong" | "not known")[]) => stateOf(states.map((one) => ({ state: one })));
  expect([state("well"), state("well", "not known"), state("not known", "wrong")]).toEqual([
    "well",
    "not known",
    "wrong",
  ]);
});

test("for a timer only what could not be found out fails, not a connector that no request reached", () => {
  const connector = { name: "connector", state: "not known" } as const;
  const tunnel = { name: "tunnel", state: "well" } as const;
  expect([exitCodeOf([tunnel, connector], false), exitCodeOf([tunnel, connector], true)]).toEqual([2, 0]);
  for (const other of [{ name: "requests" }, { name: "tunnel" }, { name: "record" }] as const)
    expect(exitCodeOf([connector, { ...other, state: "not known" }], true)).toBe(2);
  expect(exitCodeOf([tunnel, { name: "connector", state: "wrong" }], true)).toBe(1);
});

test("durations are rounded down", () => {
  expect([59_000, 60_000, 7_200_000, 2 * DAY_MS, -5].map(duration)).toEqual([
    "0 minutes",
    "1 minute",
    "2 hours",
    "2 days",
    "0 minutes",
  ]);
});

test("the text has a line for each check", () => {
  const checks = [tunnelCheck("id", "healthy"), tunnelCheck("other", "down")];
  const text = statusText({ stack: "prod", checkedAt: "2026-11-30T20:00:00Z", state: "wrong", checks, connectors: [] });
  expect(text.split("\n")).toEqual([
    "prod at 2026-11-30T20:00:00Z: something is wrong.",
    "",
    "  well   tunnel  id     healthy",
    "  wrong  tunnel  other  down: no connector is connected",
  ]);
});
