import { expect, test } from "@jest/globals";
import type { Exchange } from "../../../../backend/gateway/http/exchange.ts";
import { requestLogMembers } from "../../../../backend/gateway/http/request-line.ts";

/** What a line with these members says. */
const read = (members: string): unknown => JSON.parse(`{${members.slice(1)}}`);

const exchange = (path: string, user: string, address: string, ray?: string) =>
  ({
    id: "0123456789abcdef01234567",
    path,
    client: { ray, address, key: address },
    request: { method: "GET" },
    identity: { user: { id: user, roles: [], sid: "s" }, expiresAt: 0, askedAt: 0 },
  }) as unknown as Exchange;

test("whatever a client has chosen, the line of its request is one line of JSON that says the same", () => {
  const odd = ['/"', "/\\", "/\n\r\t\u0000\u001f", "/\u2028\u2029", "/\ud800", '","status":200,"x":"', "/ä🦊"];
  for (const text of odd) {
    const members = requestLogMembers(exchange(text, `u${text}`, `fe80::1%${text}`), 404, 1.234_56, "NOT_FOUND");
    expect(members).not.toMatch(/[\n\r]/);
    expect(read(members)).toEqual({
      id: "0123456789abcdef01234567",
      method: "GET",
      path: JSON.parse(JSON.stringify(text)),
      status: 404,
      code: "NOT_FOUND",
      ms: 1.23,
      address: `fe80::1%${text}`,
      user: `u${text}`,
    });
  }
});

test("a path is cut, and what is not known is left out", () => {
  const stranger = { ...exchange("/".repeat(500), "", "192.0.2.1", "0123456789abcdef-FRA"), identity: undefined };
  expect(read(requestLogMembers(stranger, 200, 0))).toEqual({
    id: "0123456789abcdef01234567",
    ray: "0123456789abcdef-FRA",
    method: "GET",
    path: "/".repeat(200),
    status: 200,
    ms: 0,
    address: "192.0.2.1",
  });
});
