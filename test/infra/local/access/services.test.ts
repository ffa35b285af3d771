/** Service tokens and the other policies that ask for no person, headers of clients, and what no application covers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { HOST } from "../edge/test-site.ts";
import { AccessSite, assertionOf } from "./access-site.ts";

const STAFF = { decision: "allow", include: [{ email_domain: { domain: "example.com" } }] };
const HOUR_MS = 3_600_000;

let on: AccessSite;
beforeAll(async () => {
  on = await AccessSite.build();
});
afterAll(() => on.close());
afterEach(() => on.clear());

const headersOf = ({ client_id, client_secret }: { client_id: string; client_secret: string }) => ({
  "CF-Access-Client-Id": client_id,
  "CF-Access-Client-Secret": client_secret,
});
const claimsOf = (token: string | undefined) =>
  JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString());

describe("a service token", () => {
  test("passes by its policy, and the origin gets an assertion and no secret", async () => {
    const token = await on.serviceToken();
    const { aud } = await on.app(`${HOST}/admin`, [
      STAFF,
      { decision: "non_identity", include: [{ service_token: { token_id: token.id } }] },
    ]);
    const reply = await on.get("/admin", headersOf(token));
    expect([reply.status, reply.headers["set-cookie"]]).toEqual([200, undefined]);
    expect(claimsOf(assertionOf(reply))).toMatchObject({
      aud: [aud],
      common_name: token.client_id,
      sub: "",
      type: "app",
    });
    expect(reply.body).not.toContain(token.client_secret);
    expect(claimsOf(assertionOf(await on.get("/admin", headersOf(token)))).email).toBeUndefined();
  });

  test("that is wrong, doubled, incomplete, off, expired or unknown gets 401; one without a policy gets 403", async () => {
    const [token, other] = [await on.serviceToken({ duration: "1h" }), await on.serviceToken()];
    await on.app(`${HOST}/admin`, [
      STAFF,
      { decision: "non_identity", include: [{ service_token: { token_id: token.id } }] },
    ]);
    const cookie = await on.signIn("a@example.com");
    const right = headersOf(token);
    const id = { "CF-Access-Client-Id": token.client_id };
    const wrong: Record<string, string | string[]>[] = [
      { ...right, "CF-Access-Client-Secret": other.client_secret },
      { ...right, "CF-Access-Client-Secret": "" },
      { ...right, "CF-Access-Client-Id": `${"0".repeat(32)}.access` },
      { ...right, "CF-Access-Client-Id": [token.client_id, token.client_id] },
      { ...right, CF_Access_Client_Id: token.client_id },
      id,
    ];
    for (const headers of wrong) expect((await on.get("/admin", headers)).status).toBe(401);
    // a right session does not help a wrong token
    expect((await on.get("/admin", { ...id, cookie })).status).toBe(401);
    expect((await on.get("/admin", headersOf(other))).status).toBe(403);
    expect((await on.get("/admin", { ...headersOf(other), cookie })).status).toBe(403);

    expect((await on.get("/admin", right)).status).toBe(200);
    await on.site.call("PUT", `${on.base}/service_tokens/${token.id}`, { enabled: false });
    expect((await on.get("/admin", right)).status).toBe(401);
    await on.site.call("PUT", `${on.base}/service_tokens/${token.id}`, { enabled: true });
    const before = on.clock.now;
    on.clock.now += 2 * HOUR_MS;
    expect((await on.get("/admin", right)).status).toBe(401);
    on.clock.now = before;
    await on.site.call("DELETE", `${on.base}/service_tokens/${token.id}`);
    expect((await on.get("/admin", right)).status).toBe(401);
  });

  test("is rotated with a grace time: both secrets count until it is over", async () => {
    const token = await on.serviceToken();
    await on.app(`${HOST}/admin`, [{ decision: "non_identity", include: [{ any_valid_service_token: {} }] }]);
    const until = new Date(on.clock.now + HOUR_MS).toISOString();
    const path = `${on.base}/service_tokens/${token.id}`;
    const rotated = await on.site.call("POST", `${path}/rotate`, { previous_client_secret_expires_at: until });
    const next = rotated as typeof token;
    const status = async (one: typeof token) => (await on.get("/admin", headersOf(one))).status;
    expect([await status(token), await status(next)]).toEqual([200, 200]);
    on.clock.now += HOUR_MS;
    expect([await status(token), await status(next)]).toEqual([401, 200]);
    // without a time the secret before ends at once
    const last = (await on.site.call("PUT", path, { client_secret_version: 3 })) as typeof token;
    expect([await status(next), await status(last)]).toEqual([401, 200]);
  });
});

test("a bypass asks for nothing and gives the origin no assertion; a policy by address lets that address pass", async () => {
  await on.app(`${HOST}/hook`, [
    { decision: "bypass", include: [{ everyone: {} }], exclude: [{ ip: { ip: "198.51.100.0/24" } }] },
  ]);
  const open = await on.get("/hook");
  expect([open.status, assertionOf(open)]).toEqual([200, undefined]);
  expect((await on.get("/hook", { "Local-Visitor": "ip=198.51.100.9" })).status).toBe(403);

  await on.app(
    `${HOST}/office`,
    [
      { ...STAFF, require: [{ ip: { ip: "2001:db8::/32" } }] },
      { decision: "non_identity", include: [{ ip: { ip: "192.0.2.7" } }] },
    ],
    { name: "office" },
  );
  expect((await on.get("/office", { "Local-Visitor": "ip=192.0.2.7" })).status).toBe(200);
  expect((await on.get("/office", { "Local-Visitor": "ip=192.0.2.8" })).status).toBe(302);
});

test("an application for services alone has no login page, and 401 where it says so", async () => {
  await on.app(`${HOST}/admin`, [{ decision: "non_identity", include: [{ any_valid_service_token: {} }] }]);
  expect((await on.get("/admin")).status).toBe(403);
  await on.clear();
  await on.app(`${HOST}/admin`, [{ decision: "non_identity", include: [{ any_valid_service_token: {} }] }], {
    service_auth_401_redirect: true,
  });
  expect((await on.get("/admin")).status).toBe(401);
  await on.clear();
  await on.app(`${HOST}/admin`, []);
  expect((await on.get("/admin")).status).toBe(403);
});

test("a client's own Cf-Access headers never reach an origin, with an application or without", async () => {
  const spoofed = { "Cf-Access-Jwt-Assertion": "x", cf_access_jwt_assertion: "y", "CF-Access-Client-Foo": "z" };
  const names = (body: string) => Object.keys((JSON.parse(body) as { headers: object }).headers);
  const isOurs = (name: string) => /^cf.access/i.test(name);
  expect(names((await on.get("/open", spoofed)).body).filter(isOurs)).toEqual([]);
  await on.app(HOST, [STAFF]);
  const cookie = await on.signIn("a@example.com");
  const reply = await on.get("/admin", { ...spoofed, cookie });
  expect(names(reply.body).filter(isOurs)).toEqual(["cf-access-jwt-assertion"]);
  expect(`CF_Authorization=${assertionOf(reply)}`).toBe(cookie);
});

test("an account that denies what no application covers serves it only in zones that are exempt", async () => {
  const deny = (names: readonly string[]) =>
    on.site.call("PUT", `${on.base}/organizations`, {
      deny_unmatched_requests: true,
      deny_unmatched_requests_exempted_zone_names: names,
    });
  await deny([]);
  expect((await on.get("/open")).status).toBe(403);
  expect((await on.site.over(1))[0]?.failure?.message).toContain("deny_unmatched_requests");
  await deny(["causeway.localhost"]);
  expect((await on.get("/open")).status).toBe(200);
});

test("rules come before Access, and the paths of Access before the rules", async () => {
  await on.app(HOST, [STAFF]);
  await on.site.deploy("http_request_firewall_custom", [
    { ref: "all", action: "block", expression: 'http.host ne ""' },
  ]);
  try {
    const reply = await on.get("/admin");
    expect([reply.status, reply.headers.location]).toEqual([403, undefined]);
    expect((await on.get("/cdn-cgi/access/certs")).status).toBe(200);
    expect((await on.get("/cdn-cgi/access/nothing")).status).toBe(404);
  } finally {
    await on.site.clear();
  }
});
