/** P10: the path that the connector matches with the rules of the ingress. */
import { posix } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decodedPath,
  normalizedPath,
  requiresAccess,
} from "../../../../../infra/local/tunnel/connector/matched-path.ts";
import type { TunnelConfiguration } from "../../../../../infra/local/tunnel/index.ts";

test.each([
  ["/public/../admin", "/public/../admin", "/admin"],
  ["/public/./admin", "/public/./admin", "/public/admin"],
  ["/public/%2e%2e/admin", "/public/../admin", "/admin"],
  ["/public/%2E./admin", "/public/../admin", "/admin"],
  ["/public/..%2fadmin", "/public/../admin", "/admin"],
  ["/public%2Fadmin", "/public/admin", "/public/admin"],
  ["/public/%5c../admin", "/public/\\../admin", "/admin"],
  ["/public\\..\\admin", "/public\\..\\admin", "/admin"],
  ["//admin", "//admin", "/admin"],
  ["/public///admin//", "/public///admin//", "/public/admin/"],
  ["/admin/", "/admin/", "/admin/"],
  ["/admin/.", "/admin/.", "/admin/"],
  ["/admin/x/..", "/admin/x/..", "/admin/"],
  ["/admin/..", "/admin/..", "/"],
  ["/../../admin", "/../../admin", "/admin"],
  ["/a/../../b", "/a/../../b", "/b"],
  ["/ADMIN", "/ADMIN", "/ADMIN"],
  // decoded once, as Go does: what is left is no dot and no slash
  ["/public/%252e%252e/admin", "/public/%2e%2e/admin", "/public/%2e%2e/admin"],
  ["/public/..;/admin", "/public/..;/admin", "/public/..;/admin"],
  ["/.../admin", "/.../admin", "/.../admin"],
  ["/admin?x=/../y", "/admin", "/admin"],
  ["/", "/", "/"],
  ["", "", "/"],
])("%s is %s without normalization and %s with it", (target, decoded, normalized) => {
  expect(decodedPath(target)).toBe(decoded);
  expect(normalizedPath(decoded)).toBe(normalized);
});

test("a malformed escape is no path", () => {
  for (const target of ["/%", "/%2", "/%zz", "/a%2/..", "/%%2e"]) expect(decodedPath(target)).toBeUndefined();
});

test("a normalized path is the one that Node.js makes, apart from the slash at the end, and stays as it is", () => {
  const piece = fc.constantFrom("/", "\\", ".", "..", "a", "B", "%2e", "admin", "...", ";");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const path = `/${pieces.join("")}`;
      const normalized = normalizedPath(path);
      const withoutSlash = (text: string) => text.replace(/(?<=.)\/$/, "");
      expect(withoutSlash(normalized)).toBe(withoutSlash(posix.normalize(path.replaceAll("\\", "/"))));
      expect(normalizedPath(normalized)).toBe(normalized);
    }),
    { numRuns: 2000 },
  );
});

describe("paths are normalized only where a rule requires Access", () => {
  const access = (required: boolean) => ({ access: { required, teamName: "t", audTag: ["a"] } });
  const rest = { service: "http_status:404" };
  test.each([
    [false, {}],
    [false, { ingress: [{ path: "^/admin", service: "http://a" }, rest] }],
    [true, { ingress: [{ path: "^/admin", service: "http://a", originRequest: access(true) }, rest] }],
    [false, { ingress: [{ path: "^/admin", service: "http://a", originRequest: access(false) }, rest] }],
    [true, { originRequest: access(true), ingress: [rest] }],
    [false, { originRequest: access(true), ingress: [{ ...rest, originRequest: access(false) }] }],
    [true, { originRequest: access(true), ingress: [{ ...rest, originRequest: { connectTimeout: 5 } }] }],
    [false, { originRequest: access(true) }],
    [false, { ingress: null }],
  ])("%p for %j", (expected, config) => expect(requiresAccess(config as TunnelConfiguration)).toBe(expected));
});
