import { expect, test } from "@jest/globals";
import { type PolicyList, policyFor, type Site } from "../../../infra/policy/index.ts";
import { neededPermissions } from "../../../infra/preflight/for-commands.ts";
import { site as sample } from "../policy/site.ts";

const site: Site = { ...sample, hostnames: ["chat.example.com"] };
const every: Site = {
  ...site,
  hostnames: ["chat.example.com", "chat.eu.example.com"],
  zoneSettings: { ssl: "strict" },
};
const office: PolicyList = { name: "office", kind: "ip", description: "who may see /admin", items: [] };
const namesFor = (of: Site, lists: readonly PolicyList[] = []) =>
  neededPermissions(of, { ...policyFor(of, "free"), lists }).map(({ name }) => name);

test("a stack without lists, settings and deep hostnames needs what the README gives every token", () => {
  expect(namesFor(site)).toEqual([
    "Zone Read",
    "DNS Write",
    "Dynamic URL Redirects Write",
    "Zone WAF Write",
    "Cache Settings Write",
    "Cloudflare Tunnel Write",
  ]);
});

test("a guest writes no rules: it reads those of the owner", () => {
  expect(namesFor({ ...site, role: "guest" })).toEqual([
    "Zone Read",
    "DNS Write",
    "Zone WAF Read",
    "Cloudflare Tunnel Write",
  ]);
});

test("what is deployed of Access and not in the configuration any more is deleted, which needs the permission", () => {
  const known = { "access:app:admin": "a1", "access:policy:admin:people": "p1", "access:token:ci": "t1", chat: "r1" };
  const needed = neededPermissions(site, policyFor(site, "free"), known);
  expect(needed.filter(({ name }) => name.startsWith("Access"))).toEqual([
    { name: "Access: Apps and Policies Write", uses: ["deleting the application admin"] },
    { name: "Access: Service Tokens Write", uses: ["deleting the service token ci"] },
  ]);
});

test("with applications of Access it needs the permissions for them, and for service tokens where there are some", () => {
  const people = { name: "admin", hostname: "chat.example.com", emails: ["ann@example.com"], emailDomains: [] };
  const application = { ...people, serviceTokens: [], session: "24h" };
  const access = { team: "example", applications: [application], serviceTokens: {} };
  const added = ({ access: its, ...of }: Site & Required<Pick<Site, "access">>) =>
    namesFor({ ...of, access: its }).filter((name) => !namesFor(of).includes(name));
  const always = [
    "Access: Apps and Policies Write",
    "Access: Organizations, Identity Providers, and Groups Read",
  ] as const;
  expect(added({ ...site, access })).toEqual(always);
  expect(added({ ...site, role: "guest", access })).toEqual(always);
  const tokens = { ...access, serviceTokens: { ci: { duration: "48h" } } };
  expect(added({ ...site, access: tokens })).toEqual([always[0], "Access: Service Tokens Write", always[1]]);
});

test("what the configuration and the policy use decides what is needed, and for what", () => {
  expect(namesFor(every)).toEqual(expect.arrayContaining(["Zone Settings Write", "SSL and Certificates Read"]));
  expect(namesFor(site, [office])).toContain("Account Filter Lists Edit");
  const shared = namesFor({ ...site, sharedLists: ["office"] }, [office]);
  expect(shared).toContain("Account Filter Lists Read");
  expect(shared).not.toContain("Account Filter Lists Edit");
  const policy = policyFor(every, "free");
  const withoutRedirects = { ...policy, rulesets: policy.rulesets.slice(1) };
  expect(neededPermissions(every, withoutRedirects).map(({ name }) => name)).not.toContain(
    "Dynamic URL Redirects Write",
  );
  expect(neededPermissions(every, policy)).toContainEqual({
    name: "SSL and Certificates Read",
    uses: ["the certificate of chat.eu.example.com"],
  });
});
