import { describe, expect, test } from "@jest/globals";
import type { Seed } from "../../../infra/local/api/index.ts";
import type { Site } from "../../../infra/policy/index.ts";
import { preflight } from "../../../infra/preflight/index.ts";
import { api, client, obstaclesOf, site, start } from "./account-stage.ts";

describe("O9: zones of one name", () => {
  const [first, second] = ["1".repeat(32), "2".repeat(32)];
  const zones = (...statuses: ("active" | "pending" | "moved")[]): Seed => ({
    zones: statuses.map((status, index) => ({ id: `${index + 1}`.repeat(32), name: "example.com", status })),
  });

  test("the only active one is used, wherever it stands, and the others are named", async () => {
    const cleared = await preflight(await start(zones("moved", "active")), site, {});
    expect(cleared.account.zoneId).toBe(second);
    expect(cleared.warnings).toEqual([
      expect.stringMatching(`${first} \\(moved, .*${second}, is used.*causeway:zoneId`),
    ]);
  });

  test.each([[["active", "active"]], [["moved", "pending"]]] as const)("%s: none is chosen", async (statuses) => {
    const cloudflare = await start(zones(...statuses));
    const [obstacle, ...others] = await obstaclesOf(cloudflare);
    expect([obstacle?.code, others]).toEqual(["zone_ambiguous", []]);
    for (const id of [first, second]) expect(obstacle?.found).toContain(id);
    for (const status of statuses) expect(obstacle?.found).toContain(`(${status}, `);
    expect(obstacle?.fix).toContain("causeway:zoneId");
    if (statuses[0] !== "active") return;
    const named = { ...site, zone: { name: "example.com", id: second } };
    expect((await preflight(cloudflare, named, {})).account.zoneId).toBe(second);
  });

  test("a zone that moved away is told as that", async () => {
    expect(await obstaclesOf(await start(zones("moved")))).toMatchObject([
      { code: "zone_not_active", found: "the zone example.com is moved" },
    ]);
  });
});

describe("O8: a hostname two labels below the zone", () => {
  const deep: Site = { ...site, hostnames: ["chat.eu.example.com"] };
  const zone = (more: object): Seed => ({ zones: [{ name: "example.com", ...more }] });
  const pack = { type: "advanced", hosts: ["example.com", "*.eu.example.com"] } as const;

  test("is an obstacle without a certificate that covers it, and the message says what to do", async () => {
    const expired = { ...pack, status: "expired" as const };
    const other = { ...pack, hosts: ["*.us.example.com", "*.chat.eu.example.com"], status: "active" as const };
    expect(await obstaclesOf(await start(zone({ certificates: [expired, other] })), deep)).toEqual([
      {
        code: "certificate_missing",
        found: expect.stringContaining("chat.eu.example.com has no certificate"),
        fix: expect.stringMatching(/such as chat-eu\.example\.com, or order an advanced certificate/),
      },
    ]);
  });

  test("is fine with an advanced certificate; one that is on its way, and Total TLS, are warnings", async () => {
    const warningsOf = async (more: object) => (await preflight(await start(zone(more)), deep, {})).warnings;
    expect(await warningsOf({ certificates: [{ ...pack, status: "active" }] })).toEqual([]);
    await api.close();
    expect(await warningsOf({ certificates: [{ ...pack, status: "pending_validation" }] })).toEqual([
      expect.stringContaining("not active yet (pending_validation)"),
    ]);
    await api.close();
    expect(await warningsOf({ totalTls: true })).toEqual([expect.stringContaining("Total TLS orders one")]);
  });

  test("is a warning where the token may not read certificates, and where the hostname is deployed already", async () => {
    await start();
    const permissions = ["Zone Read", "DNS Write", "Zone WAF Write", "Dynamic URL Redirects Write"] as const;
    const reader = api.issueToken([...permissions, "Cache Settings Write", "Cloudflare Tunnel Write"]);
    expect((await preflight(client(reader), deep, {})).warnings).toEqual([
      expect.stringMatching(/could not be read: .*10000.*"SSL and Certificates Read"/),
    ]);
    expect((await preflight(client(), deep, { "chat.eu.example.com": "0".repeat(32) })).warnings).toEqual([
      expect.stringContaining("chat.eu.example.com has no certificate"),
    ]);
  });

  test("a hostname one label below asks for no certificate", async () => {
    await preflight(await start(), site, {});
    expect(api.journal.filter(({ path }) => path.includes("certificate"))).toEqual([]);
  });
});
