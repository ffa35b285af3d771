/** People at a site behind Access: login, session, logout, and what an attacker tries. */
import { createPublicKey, verify, type webcrypto } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { WebSocket } from "ws";
import { HOST } from "../edge/test-site.ts";
import { AccessSite, assertionOf, cookieOf, forged, isLocalTeam, TEAM } from "./access-site.ts";

const STAFF = {
  decision: "allow",
  include: [{ email_domain: { domain: "example.com" } }, { email: { email: "Eve@example.org" } }],
};
const HOUR_MS = 3_600_000;

let on: AccessSite;
beforeAll(async () => {
  on = await AccessSite.build();
});
afterAll(() => on.close());
afterEach(() => on.clear());

test("a visitor signs in, and the origin gets an assertion that the public key confirms", async () => {
  const { aud } = await on.app(`${HOST}/admin`, [STAFF], { session_duration: "2h" });
  expect((await on.get("/open")).status).toBe(200);
  const first = await on.get("/admin/users?page=2");
  expect([first.status, first.headers["cache-control"]]).toEqual([302, "private, no-store"]);
  const { at, cookie, meta, page } = await on.loginPage("/admin/users?page=2");
  expect(isLocalTeam(at)).toBe(true);
  expect(page.status).toBe(200);
  expect(page.body).toContain("An imitation on this machine");
  // the address of a policy is offered, escaped
  expect(page.body).toContain('value="Eve@example.org"');
  const submitted = await on.submit(at, { meta, choice: "Eve@example.org" });
  const back = new URL(submitted.headers.location ?? "");
  expect([submitted.status, back.host, back.pathname]).toEqual([302, on.authority, "/cdn-cgi/access/authorized"]);
  const done = await on.get(back.pathname + back.search, { cookie: `CF_AppSession=${cookie}` });
  expect([done.status, done.headers.location]).toEqual([302, `http://${on.authority}/admin/users?page=2`]);
  expect(done.headers["set-cookie"]?.[0]).toMatch(/; Path=\/; Max-Age=7200; SameSite=Lax; HttpOnly$/);

  const token = cookieOf(done, "CF_Authorization");
  const served = await on.get("/admin/users", { cookie: `a=b; CF_Authorization=${token}` });
  expect([served.status, assertionOf(served)]).toEqual([200, token]);
  const [head = "", payload = "", signature = ""] = token.split(".");
  const { alg, kid } = JSON.parse(Buffer.from(head, "base64url").toString());
  const { body } = await on.site.get("/cdn-cgi/access/certs", { host: `127.0.0.1:${on.edge.port}` });
  const key = (JSON.parse(body).keys as (webcrypto.JsonWebKey & { kid: string })[]).find((one) => one.kid === kid);
  const publicKey = createPublicKey({ key: key ?? {}, format: "jwk" });
  expect(alg).toBe("RS256");
  expect(verify("sha256", Buffer.from(`${head}.${payload}`), publicKey, Buffer.from(signature, "base64url"))).toBe(
    true,
  );
  const now = Math.floor(on.clock.now / 1000);
  expect(JSON.parse(Buffer.from(payload, "base64url").toString())).toEqual({
    aud: [aud],
    email: "eve@example.org",
    iss: `https://${TEAM}`,
    iat: now,
    nbf: now,
    exp: now + 7200,
    type: "app",
    identity_nonce: expect.any(String),
    sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test("the login page refuses a wrong address and says so, and no page of another site may frame or send it", async () => {
  await on.app(`${HOST}/admin`, [STAFF]);
  const { at, meta, page } = await on.loginPage();
  expect(page.headers["content-security-policy"]).toContain(`form-action 'self' http://${on.authority}`);
  expect(page.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  const denied = await on.submit(at, { meta, email: "mallory@example.net" });
  expect([denied.status, denied.headers["set-cookie"]]).toEqual([200, undefined]);
  expect(denied.body).toContain("mallory@example.net may not open this application.");
  expect((await on.submit(at, { meta, email: '"><script>' })).body).not.toContain("<script>");
  for (const headers of [{ origin: "http://evil.example" }, { "sec-fetch-site": "cross-site" }] as Record<
    string,
    string
  >[])
    expect((await on.submit(at, { meta, email: "a@example.com" }, headers)).status).toBe(403);
  expect((await on.submit(at, { meta: "x".repeat(9000), email: "a@example.com" })).status).toBe(413);
  expect((await on.submit(at, { meta, email: "a@example.com" }, { origin: `http://${at.host}` })).status).toBe(302);
});

test("a login leads to the hostname where it began, for the browser that began it, once and in time", async () => {
  await on.app(`${HOST}/admin`, [STAFF]);
  const { at, cookie, meta } = await on.loginPage("//evil.example/admin/../../admin");
  // the target is signed: any change of it is refused
  const [payload = "", mac = ""] = meta.split(".");
  const moved = Buffer.from(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload, "base64url").toString()), authority: "evil.example" }),
  ).toString("base64url");
  for (const other of [`${moved}.${mac}`, `${payload}.`, `${payload}.${mac}.x`, "", "."]) {
    expect((await on.submit(at, { meta: other, email: "a@example.com" })).status).toBe(400);
  }
  const code = async () =>
    new URL((await on.submit(at, { meta, email: "a@example.com" })).headers.location ?? "").search;
  const redeem = (search: string, headers: Record<string, string>, host = on.authority) =>
    on.site.get(`/cdn-cgi/access/authorized${search}`, { host, headers });
  const right = { cookie: `CF_AppSession=${cookie}` };
  // login CSRF: the attacker's code in the browser of another person
  expect((await redeem(await code(), { cookie: `CF_AppSession=${"x".repeat(32)}` })).status).toBe(400);
  expect((await redeem(await code(), {})).status).toBe(400);
  expect((await redeem(await code(), right, `other.${HOST}`)).status).toBe(400);
  const late = await code();
  on.clock.now += 61_000;
  expect((await redeem(late, right)).status).toBe(400);
  const good = await code();
  const done = await redeem(good, right);
  // a path with two slashes must not lead to another site
  expect([done.status, done.headers.location]).toEqual([302, `http://${on.authority}//evil.example/admin/../../admin`]);
  expect((await redeem(good, right)).status).toBe(400);
  on.clock.now += 300_000;
  expect((await on.submit(at, { meta, email: "a@example.com" })).status).toBe(400);
});

test("logins are limited", async () => {
  await on.app(`${HOST}/admin`, [STAFF]);
  on.clock.now += 3_600_000;
  const { at, meta } = await on.loginPage();
  const statuses = new Map<number, number>();
  for (let index = 0; index < 122; index += 1) {
    const { status } = await on.submit(at, { meta, email: "x@example.net" });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(statuses).toEqual(
    new Map([
      [200, 120],
      [429, 2],
    ]),
  );
  on.clock.now += 60_000;
  expect((await on.submit(at, { meta, email: "x@example.com" })).status).toBe(302);
});

describe("a session", () => {
  test("ends with its time, with the policy that allowed it, and with a logout", async () => {
    const [policy] = [{ ...STAFF, session_duration: "1h" }];
    const { id } = await on.app(`${HOST}/admin`, [policy]);
    const cookie = await on.signIn("a@example.com");
    expect((await on.get("/admin", { cookie })).status).toBe(200);
    on.clock.now += HOUR_MS;
    expect((await on.get("/admin", { cookie })).status).toBe(302);

    const again = await on.signIn("a@example.com");
    const other = await on.signIn("b@example.com");
    expect((await on.get("/cdn-cgi/access/get-identity", { cookie: again })).body).toContain('"email":"a@example.com"');
    expect((await on.site.get("/cdn-cgi/access/get-identity", { host: TEAM, headers: { cookie: again } })).status).toBe(
      200,
    );
    const out = await on.get("/cdn-cgi/access/logout", { cookie: again });
    expect([out.status, cookieOf(out, "CF_Authorization")]).toEqual([200, ""]);
    expect((await on.get("/admin", { cookie: again })).status).toBe(302);
    expect((await on.get("/cdn-cgi/access/get-identity", { cookie: again })).status).toBe(401);
    expect((await on.get("/admin", { cookie: other })).status).toBe(200);

    const denied = await on.policy({ decision: "deny", include: [{ email: { email: "b@example.com" } }] });
    const links = ((await on.site.call("GET", `${on.base}/apps/${id}`)) as { policies: { id: string }[] }).policies;
    const body = {
      name: "admin",
      type: "self_hosted",
      domain: `${HOST}/admin`,
      policies: [{ id: denied.id }, { id: links[0]?.id }],
    };
    await on.site.call("PUT", `${on.base}/apps/${id}`, body);
    const refused = await on.get("/admin", { cookie: other });
    expect([refused.status, refused.body]).toEqual([403, expect.stringContaining("b@example.com may not open")]);
  });

  test("is of one application, and is not moved to another one", async () => {
    await on.app(`${HOST}/admin`, [STAFF]);
    await on.app(`${HOST}/other`, [STAFF], { name: "other" });
    const cookie = await on.signIn("a@example.com");
    expect((await on.get("/other", { cookie })).status).toBe(302);
    // two cookies of one name, as with two paths: the right one counts
    const both = await on.signIn("a@example.com", "/other");
    expect((await on.get("/other", { cookie: `${cookie}; ${both}` })).status).toBe(200);
  });

  test("is not forged: algorithm, key, claims and signature are checked", async () => {
    await on.app(`${HOST}/admin`, [STAFF]);
    const cookie = await on.signIn("a@example.com");
    const token = cookie.slice("CF_Authorization=".length);
    const [head = "", payload = ""] = token.split(".");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    for (const other of [
      forged(token, 1, (claims) => ({ ...claims, email: "root@example.com" })),
      forged(token, 0, (header) => ({ ...header, alg: "HS256" })),
      forged(token, 0, (header) => ({ ...header, kid: "0".repeat(64) })),
      `${none}.${payload}.`,
      `${head}.${payload}.`,
      `${head}.${payload}`,
      token.slice(0, -8),
      `${"x".repeat(5000)}.${payload}.x`,
      "..",
      "",
    ]) {
      expect((await on.get("/admin", { cookie: `CF_Authorization=${other}` })).status).toBe(302);
    }
    expect((await on.get("/admin", { cookie })).status).toBe(200);
  });

  test("no cookie, query or code makes the edge fail", async () => {
    await on.app(`${HOST}/admin`, [STAFF]);
    const text = fc.string({ unit: fc.constantFrom(...'abc;=., "%&?{}[]:/\\-_0eyJ'), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, text, async (cookie, query) => {
        const replies = [
          await on.get("/admin", { cookie: `CF_Authorization=${cookie}` }),
          await on.get(`/cdn-cgi/access/authorized?code=${encodeURIComponent(query)}&${encodeURI(query)}`, { cookie }),
          await on.site.get(`/cdn-cgi/access/login/x?meta=${encodeURIComponent(query)}`, { host: TEAM }),
        ];
        expect(replies.map(({ status }) => status)).toEqual([302, 400, 400]);
      }),
      { numRuns: 60 },
    );
  });
});

test("the handshake of a WebSocket needs a session too, and the origin gets the assertion with it", async () => {
  await on.app(`${HOST}/admin`, [STAFF]);
  const cookie = await on.signIn("a@example.com");
  const received = new Promise((resolve) => {
    on.site.origin.once("upgrade", (request, socket) => {
      resolve(request.headers["cf-access-jwt-assertion"]);
      socket.destroy();
    });
  });
  const socket = new WebSocket(`ws://127.0.0.1:${on.edge.port}/admin`, { headers: { host: on.authority, cookie } });
  socket.on("error", () => {});
  expect(`CF_Authorization=${await received}`).toBe(cookie);
});

test("keys rotate: sessions of the key before stay, of an older one they end", async () => {
  await on.app(`${HOST}/admin`, [STAFF]);
  const cookie = await on.signIn("a@example.com");
  const keys = async () => JSON.parse((await on.get("/cdn-cgi/access/certs")).body).keys as { kid: string }[];
  const [first] = await keys();
  on.edge.rotateAccessKeys();
  const [second, previous, ...others] = await keys();
  expect([previous, others]).toEqual([first, []]);
  expect(second?.kid).not.toBe(first?.kid);
  expect((await on.get("/admin", { cookie })).status).toBe(200);
  const newer = await on.signIn("a@example.com");
  on.edge.rotateAccessKeys();
  expect((await on.get("/admin", { cookie })).status).toBe(302);
  expect((await on.get("/admin", { cookie: newer })).status).toBe(200);
});

describe("without a session", () => {
  test("scripts get 401, a preflight passes where the application says so, and a handshake is not upgraded", async () => {
    const { id } = await on.app(`${HOST}/admin`, [STAFF]);
    expect((await on.get("/admin", { "x-requested-with": "XMLHttpRequest" })).status).toBe(401);
    const preflight = { origin: "http://a.example", "access-control-request-method": "PUT" };
    expect((await on.get("/admin", preflight, { method: "OPTIONS" })).status).toBe(302);
    const { policies } = (await on.site.call("GET", `${on.base}/apps/${id}`)) as { policies: { id: string }[] };
    const links = policies.map(({ id }) => ({ id }));
    const body = { name: "admin", type: "self_hosted", domain: `${HOST}/admin`, policies: links };
    await on.site.call("PUT", `${on.base}/apps/${id}`, { ...body, options_preflight_bypass: true });
    expect((await on.get("/admin", preflight, { method: "OPTIONS" })).status).toBe(200);
    expect((await on.get("/admin", {}, { method: "OPTIONS" })).status).toBe(302);

    const socket = new WebSocket(`ws://127.0.0.1:${on.edge.port}/admin`, { headers: { host: on.authority } });
    const status = await new Promise((resolve) => {
      socket.once("unexpected-response", (_request, response) => resolve(response.statusCode));
      socket.once("error", resolve);
    });
    expect(status).toBe(302);
  });

  test("a request that a proxy passed on is refused: the imitation is for this machine", async () => {
    await on.app(`${HOST}/admin`, [STAFF]);
    const cookie = await on.signIn("a@example.com");
    const { at } = await on.loginPage();
    for (const headers of [{ "x-forwarded-for": "192.0.2.1" }, { via: "1.1 x" }, { "cf-connecting-ip": "192.0.2.1" }]) {
      expect((await on.get("/admin", { ...headers, cookie })).status).toBe(403);
      expect((await on.site.get(at.pathname + at.search, { host: at.host, headers })).status).toBe(403);
    }
    expect((await on.get("/open", { via: "1.1 x" })).status).toBe(200);
  });
});
