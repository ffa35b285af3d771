import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type HeaderLine,
  startTunnelEdge,
  type TunnelConfiguration,
  type TunnelEdge,
} from "../../../../infra/local/tunnel/index.ts";
import {
  type AssertionFacts,
  AUDIENCE,
  assertionBy,
  type SigningKey,
  signingKey,
  TEAM,
} from "../../../backend/assertions/test-team.ts";
import { within } from "../../../within.ts";
import { OneTunnel } from "./one-tunnel.ts";
import type { ConnectorUnderTest, StartWith } from "./tunnel-suite.ts";

/** A connector that finds the team's certificates, and the server that has them. */
export interface AccessWorld {
  readonly startWith: StartWith;
  /** Whether it refuses, or drops, headers that cloudflared passes on without a look. */
  readonly isStrict: boolean;
  rotateTo(...keys: readonly SigningKey[]): void;
  close(): Promise<void>;
}

const [old, fresh, foreign] = [signingKey("old"), signingKey("new"), signingKey("old")];
const now = () => Math.floor(Date.now() / 1000);
const OTHER_AUDIENCE = "c3".repeat(32);

/** By what the assertion is: the status that a request gets. It says who responded: the origin, or the connector. */
const CASES: readonly (readonly [string, AssertionFacts | string | undefined, string])[] = [
  ["valid", {}, "200 of origin"],
  ["missing", undefined, "403 of origin"],
  ["empty", "", "403 of origin"],
  ["no token", "forged", "502 of cloudflared"],
  ["for another application", { claims: { aud: [OTHER_AUDIENCE] } }, "403 of origin"],
  ["for several applications", { claims: { aud: [OTHER_AUDIENCE, AUDIENCE] } }, "200 of origin"],
  ["of another team", { claims: { iss: "https://other.cloudflareaccess.com" } }, "502 of cloudflared"],
  ["expired", { claims: { exp: now() - 3600 } }, "502 of cloudflared"],
  ["without an end", { claims: { exp: undefined } }, "502 of cloudflared"],
  ["not valid yet", { claims: { nbf: now() + 3600 } }, "502 of cloudflared"],
  ["by a wrong key", { key: foreign }, "502 of cloudflared"],
  ["by an unknown key", { kid: "unknown" }, "502 of cloudflared"],
  ["with another algorithm", { algorithm: "RS512" }, "502 of cloudflared"],
  ["expired, for another application", { claims: { aud: [OTHER_AUDIENCE], exp: 1 } }, "502 of cloudflared"],
];

/** How a connector must check the assertions of Access, whichever it is. */
export function accessSuite(name: string, makeWorld: (...keys: readonly SigningKey[]) => Promise<AccessWorld>): void {
  describe(name, () => {
    let folder: string;
    let world: AccessWorld;
    let edge: TunnelEdge;
    let origin: Server;
    let connector: ConnectorUnderTest;
    let tunnel: OneTunnel;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "causeway-access-"));
      origin = createServer(({ rawHeaders }, response) => response.end(JSON.stringify(rawHeaders)));
      await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
      tunnel = new OneTunnel(configurationFor(`http://127.0.0.1:${(origin.address() as AddressInfo).port}`));
      world = await makeWorld(old);
      edge = await startTunnelEdge({ certificates: folder, authorize: tunnel.authorize, onConnections: () => {} });
      const { address, caFile } = edge;
      connector = await world.startWith({ token: tunnel.token(), edge: address, caFile, gracePeriod: 500 });
      await connector.ready;
    });
    afterAll(async () => {
      await connector.stop();
      await edge.close();
      await world.close();
      origin.closeAllConnections();
      origin.close();
      await rm(folder, { recursive: true });
    });

    const send = async (headers: readonly HeaderLine[], path = "/", host = "admin.example.com") => {
      const stream = edge.open(tunnel.id, { method: "GET", path, host, headers: [...headers], body: false });
      if (!stream) throw new Error("the tunnel has no connection");
      const { status, from } = await within("the response", stream.response);
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      return { result: `${status} of ${from}`, body: Buffer.concat(chunks).toString() };
    };
    const get = async (path: string, assertion: AssertionFacts | string | undefined, host?: string) => {
      const made = typeof assertion === "object" ? assertionBy(assertion.key ?? old, assertion) : assertion;
      return (await send(made === undefined ? [] : [["cf-access-jwt-assertion", made]], path, host)).result;
    };

    test.each(CASES)("an assertion that is %s", async (_what, assertion, expected) => {
      expect(await get("/", assertion)).toBe(expected);
    });

    test.each([
      ["Cf-Access-Jwt-Assertion", "after"],
      ["cf_access_jwt_assertion", "after"],
      ["Cf_Access-Jwt_Assertion", "before"],
      ["cf.access.jwt.assertion", "after"],
    ])("another assertion as %s, %s a valid one", async (name, place) => {
      const valid: HeaderLine = ["Cf-Access-Jwt-Assertion", assertionBy(old)];
      const other: HeaderLine = [name, "forged"];
      const { result } = await send(place === "after" ? [valid, other] : [other, valid]);
      expect(result).toBe(world.isStrict ? "403 of origin" : "200 of origin");
      expect((await send([[name.replaceAll("-", "_"), valid[1]]])).result).toBe("403 of origin");
    });

    test("other headers of Access, beside a valid assertion", async () => {
      const others = ["cf-access-authenticated-user-email", "cf_access_client_secret", "cf.access.client.id"];
      const lines = ["cf-access-jwt-assertion", ...others, "x-other"].map((name): HeaderLine => [name, "x"]);
      lines[0] = ["cf-access-jwt-assertion", assertionBy(old)];
      const { body } = await send(lines);
      const names = (JSON.parse(body) as string[]).map((name) => name.toLowerCase());
      const passed = lines.map(([name]) => name).filter((name) => names.includes(name));
      expect(passed).toEqual(["cf-access-jwt-assertion", ...(world.isStrict ? [] : others), "x-other"]);
    });

    test("the first rule that matches decides, and a rule without access asks for nothing", async () => {
      expect(await get("/admin/users", undefined, "chat.example.com")).toBe("403 of origin");
      expect(await get("/%61dmin/users", undefined, "chat.example.com")).toBe("403 of origin");
      expect(await get("/admin/users", {}, "chat.example.com")).toBe("200 of origin");
      expect(await get("/", undefined, "chat.example.com")).toBe("200 of origin");
      expect(await get("/optional", undefined, "chat.example.com")).toBe("200 of origin");
      // a rule that has no origin asks as well
      expect(await get("/", undefined, "none.example.com")).toBe("403 of origin");
      expect(await get("/", {}, "none.example.com")).toBe("204 of origin");
    });

    test("a new key is accepted with the old one, and an old one that is gone is not", async () => {
      world.rotateTo(fresh, old);
      expect(await get("/", { key: fresh })).toBe("200 of origin");
      expect(await get("/", { key: old })).toBe("200 of origin");
      world.rotateTo(fresh);
      expect(await get("/", { kid: "looked for" })).toBe("502 of cloudflared");
      expect(await get("/", { key: old })).toBe("502 of cloudflared");
      expect(await get("/", { key: fresh })).toBe("200 of origin");
    });
  });
}

function configurationFor(service: string): TunnelConfiguration {
  const access = { required: true, teamName: TEAM, audTag: ["b2".repeat(32), AUDIENCE] };
  return {
    ingress: [
      { hostname: "admin.example.com", service, originRequest: { access } },
      { hostname: "chat.example.com", path: "^/admin(?:/|$)", service, originRequest: { access } },
      {
        ...{ hostname: "chat.example.com", path: "^/optional$", service },
        originRequest: { access: { ...access, required: false } },
      },
      { hostname: "none.example.com", service: "http_status:204", originRequest: { access } },
      { hostname: "chat.example.com", service },
      { service: "http_status:404" },
    ],
  };
}
