import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { PERMISSIONS, type PermissionName, type TokenRight } from "../../../infra/preflight/for-commands.ts";
import { templateLink } from "../../../scripts/api-token/link.ts";
import { allRights, exitCodeOf, rightsWithoutZone, tokenReport } from "../../../scripts/api-token/report.ts";
import { tokenReportText } from "../../../scripts/api-token/report-text.ts";

const names = Object.keys(PERMISSIONS) as PermissionName[];
const needed = names.map((name) => ({ name, uses: [`what ${name} is for`] }));
const has = needed.map((one): TokenRight => ({ ...one, state: "has" }));
const facts = { stack: "prod", zone: "example.com", zoneId: undefined, accountId: undefined };
const accepted = { ...facts, token: { state: "accepted" } as const };

test("the README's table has each permission by the dashboard's name, and no other", () => {
  const readme = readFileSync("README.md", "utf8");
  const [, table = ""] = /\| permission +\|\n(.*?)\n\n/s.exec(readme) ?? [];
  const cells = table
    .split("\n")
    .slice(1)
    .map((line) => line.split("|")[2] ?? "");
  const listed = cells
    .flatMap((cell) => cell.split(" · "))
    .map((name) => name.replace(/\(.*| in place of .*/, "").trim());
  const edits = names.filter((name) => name !== "Account Filter Lists Read");
  expect(listed.sort()).toEqual(edits.map((name) => PERMISSIONS[name].dashboard).sort());
});

test("the link is the one that Cloudflare documents, limited to what is known", () => {
  const url = new URL(templateLink(names, { name: "causeway acme/prod", zoneId: "z1", accountId: undefined }));
  expect(url.href.startsWith("https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=%5B%7B%22key")).toBe(
    true,
  );
  const { permissionGroupKeys = "", ...rest } = Object.fromEntries(url.searchParams);
  expect(rest).toEqual({ accountId: "*", zoneId: "z1", name: "causeway acme/prod" });
  const groups = JSON.parse(permissionGroupKeys);
  expect(groups.slice(0, 2)).toEqual([
    { key: "zone", type: "read" },
    { key: "dns", type: "edit" },
  ]);
  expect(groups).toHaveLength(names.filter((name) => "key" in PERMISSIONS[name]).length);
});

test("0 where the token has all, 1 where it lacks something, 2 where something is not known", () => {
  const missing: TokenRight = { name: "DNS Write", uses: [], state: "missing", reason: "no" };
  const unknown: TokenRight = { name: "Zone WAF Write", uses: [], state: "not known", reason: "?" };
  const codes = [has, [...has, unknown], [...has, unknown, missing]].map((rights) =>
    exitCodeOf(tokenReport({ ...accepted, rights })),
  );
  expect(codes).toEqual([0, 2, 1]);
});

test("the text says what is missing and why, and what the link leaves to the operator", () => {
  const text = tokenReportText(
    tokenReport({
      ...accepted,
      rights: [...has.slice(1), { ...needed[0], state: "missing", reason: "a reason" } as TokenRight],
    }),
  );
  expect(text).toMatch(/^ {2}DNS: Edit +zone +has +what DNS Write is for$/m);
  expect(text).toContain("The present token lacks:\n  Zone: Read: a reason");
  expect(text).toMatch(
    /The link cannot select Single Redirect: Edit, Access: Apps and Policies: Edit, .*: add it in the form\./,
  );
  expect(text).toMatch(/Look whether the form has .*Cloudflare Tunnel: Edit.*does not document/);
  expect(tokenReportText(tokenReport({ ...accepted, rights: has }))).toContain("The present token has all of it.");
  const none = { ...facts, token: { state: "none" } as const, rights: allRights(needed, "missing", "there is none") };
  expect(tokenReportText(tokenReport(none))).toContain("pulumi config set --secret cloudflare:apiToken --stack prod");
});

test("a token that does not see the zone lacks Zone Read; a zone that is not active is no missing permission", () => {
  const state = (code: string) =>
    rightsWithoutZone(needed, { code, found: "found", fix: "fix" }).map(({ state, reason }) => `${state}: ${reason}`);
  expect(state("zone_not_found").slice(0, 2)).toEqual(["missing: found. fix", "not known: the zone could not be read"]);
  expect(state("zone_not_active")[0]).toBe("not known: found. fix");
});
