/** A stack with applications of Access, deployed by the in-process engine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { type ApplyOptions, applyProgram } from "../../../../../infra/local/engine/index.ts";

interface ListedApp {
  readonly aud?: string;
  readonly name?: string;
  readonly policies?: readonly { readonly decision?: string; readonly precedence?: number }[];
}

let folder: string;
let api: LocalApi;
let options: ApplyOptions;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-access-"));
  api = await startApi();
  options = {
    project: "causeway",
    stack: "local",
    config: {
      "causeway:zone": api.zoneName,
      "causeway:hostnames": JSON.stringify([`chat.${api.zoneName}`, `admin.${api.zoneName}`]),
    },
    stateFile: join(folder, "stack.json"),
    api: { url: api.url, token: api.token },
  };
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const withAccess = (emails: readonly string[]): Partial<ApplyOptions> => ({
  config: {
    ...options.config,
    "causeway:access": JSON.stringify({
      team: "causeway",
      applications: [
        { name: "admin", hostname: `admin.${api.zoneName}`, emails, serviceTokens: ["ci"] },
        { name: "api", hostname: `chat.${api.zoneName}`, path: "/api/admin", emails },
      ],
      serviceTokens: { ci: { duration: "48h" } },
    }),
  },
});
const apply = (of: Partial<ApplyOptions> = {}) => api.run("apply", () => applyProgram({ ...options, ...of }));
const stepsOf = async (of: Partial<ApplyOptions>) =>
  (await apply(of)).steps.map(({ op, name }) => `${op} ${name}`).filter((step) => step.includes("access:"));

test("applications are made before the records, their audiences are in the ingress, and a second run only reads", async () => {
  const { steps, outputs } = await apply(withAccess(["ann@example.com"]));
  const created = steps.map(({ name }) => name);
  for (const name of ["access:app:admin", "access:app:api"]) {
    expect(created.indexOf(name)).toBeLessThan(created.indexOf("tunnel-config"));
    expect(created.indexOf(name)).toBeLessThan(created.indexOf(`admin.${api.zoneName}`));
  }
  const client = new Cloudflare({ apiToken: api.token, baseURL: api.url });
  const place = { account_id: api.accountId };
  const apps = (await client.zeroTrust.access.applications.list(place)).result as ListedApp[];
  const appOf = (name: string) => apps.find((app) => app.name?.endsWith(`: ${name}`));
  const audienceOf = (name: string) => appOf(name)?.aud;
  expect(appOf("admin")?.policies?.map(({ decision, precedence }) => [precedence, decision])).toEqual([
    [1, "allow"],
    [2, "non_identity"],
  ]);
  expect(outputs).toMatchObject({
    accessAudiences: { admin: audienceOf("admin"), api: audienceOf("api") },
    backendAccess: { team: "causeway", audience: `${audienceOf("api")},${audienceOf("admin")}` },
  });
  expect(JSON.stringify(outputs)).not.toMatch(/undefined/);
  const [tunnel] = (await client.zeroTrust.tunnels.cloudflared.list(place)).result;
  const { config } = await client.zeroTrust.tunnels.cloudflared.configurations.get(tunnel?.id ?? "", place);
  const required = config?.ingress?.map(({ hostname, path, originRequest }) => {
    const { access } = originRequest ?? {};
    return [hostname?.split(".")[0], path?.slice(0, 6), access?.required && access.audTag?.[0], access?.teamName];
  });
  expect(required).toEqual([
    ["chat", "[\\\\%;]".slice(0, 6), undefined, undefined],
    ["chat", "(?i)^/", audienceOf("api"), "causeway"],
    ["chat", undefined, undefined, undefined],
    ["admin", undefined, audienceOf("admin"), "causeway"],
    [undefined, undefined, undefined, undefined],
  ]);
  const before = api.journal.length;
  expect((await apply(withAccess(["ann@example.com"]))).steps.filter(({ op }) => op !== "same")).toEqual([]);
  expect(api.journal.slice(before).filter(({ method, dryRun }) => method !== "GET" && !dryRun)).toEqual([]);
});

afterEach(() => {
  delete process.env.CAUSEWAY_OPENS;
});

test("a new address changes the policies alone, and without access everything of it goes", async () => {
  const steps = await stepsOf(withAccess(["ann@example.com", "bob@example.com"]));
  expect(steps.filter((step) => !step.startsWith("same")).sort()).toEqual([
    "update access:policy:admin:people",
    "update access:policy:api:people",
  ]);
  await expect(stepsOf({})).rejects.toThrow(/access_removed: .* closes admin\.causeway\.localhost,/);
  process.env.CAUSEWAY_OPENS = "admin.causeway.localhost,chat.causeway.localhost/api/admin";
  expect((await stepsOf({})).sort()).toEqual(
    ["app:admin", "app:api", "policy:admin:people", "policy:admin:services", "policy:api:people", "token:ci"].map(
      (name) => `delete access:${name}`,
    ),
  );
});
