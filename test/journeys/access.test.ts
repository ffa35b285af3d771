/** An administrator behind Access: the whole kit, with the gateway asking for the assertion that the edge signs. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { LocalSite } from "../../scripts/local-site/local-site.ts";
import { ask, forget, newDataDir, openTestSite, PASSWORD, signIn, type TestSite } from "./test-site.ts";

const dataDir = newDataDir();
let site: TestSite;
let service: { readonly client_id: string; readonly client_secret: string };

/** What an operator has at Cloudflare: an application for the administrators' API, and a token for a script. */
async function makeApplication({ api, hostname }: LocalSite): Promise<string> {
  const call = async (path: string, body: object) => {
    const response = await fetch(`${api.url}/accounts/${api.accountId}/access/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { result } = (await response.json()) as { result: Record<string, string> };
    return result;
  };
  const token = await call("service_tokens", { name: "script" });
  service = { client_id: token.client_id ?? "", client_secret: token.client_secret ?? "" };
  const people = await call("policies", {
    name: "staff",
    decision: "allow",
    include: [{ email_domain: { domain: "example.com" } }],
  });
  const services = await call("policies", {
    name: "scripts",
    decision: "non_identity",
    include: [{ service_token: { token_id: token.id } }],
  });
  const app = await call("apps", {
    name: "administration",
    type: "self_hosted",
    domain: `${hostname}/api/admin`,
    policies: [{ id: people.id }, { id: services.id }],
  });
  return app.aud ?? "";
}

beforeAll(async () => {
  const first = await openTestSite(dataDir);
  const audience = await makeApplication(first.kit);
  await first.kit.stop();
  site = await openTestSite(dataDir, true, { ACCESS_TEAM: "causeway", ACCESS_AUDIENCE: audience });
});
afterAll(async () => {
  await site?.kit.stop();
  forget(dataDir);
});

test("an administrator needs a session of Access and a token of the gateway; a script needs its service token", async () => {
  const { kit } = site;
  const setup = kit.backend.setupPath?.split("=")[1];
  const body = { email: "ada@example.com", password: PASSWORD, name: "Ada", setup };
  const registered = await ask(kit, "POST", "/api/auth/register", { body });
  const authorization = `Bearer ${JSON.parse(registered.text).accessToken}`;
  const users = async (headers: Record<string, string>) =>
    (await ask(kit, "GET", "/api/admin/users", { headers })).status;

  // the rest of the site is open, the administrators' part is not, whatever token the client has
  expect((await ask(kit, "GET", "/")).status).toBe(200);
  expect(await users({ authorization })).toBe(302);
  expect(await signIn(kit, "/api/admin/users", "mallory@example.net")).toBeUndefined();

  const cookie = (await signIn(kit, "/api/admin/users", "ada@example.com")) ?? "";
  expect(await users({ authorization, cookie })).toBe(200);
  expect(await users({ cookie })).toBe(401);
  const secret = { "cf-access-client-id": service.client_id, "cf-access-client-secret": service.client_secret };
  expect(await users({ authorization, ...secret })).toBe(200);
  expect(await users({ authorization, ...secret, "cf-access-client-secret": "wrong" })).toBe(401);

  // past the edge there is no assertion, and the gateway refuses
  const direct = await fetch(`${kit.backend.url}/api/admin/users`, { headers: { authorization } });
  expect([direct.status, await direct.text()]).toEqual([403, expect.stringContaining("ASSERTION")]);

  await ask(kit, "GET", "/cdn-cgi/access/logout", { headers: { cookie } });
  expect(await users({ authorization, cookie })).toBe(302);
});
