import { expect, test } from "@jest/globals";
import { ClientError, CODES, type Code, publicError, refuse } from "../../../backend/contract/index.ts";
import { MAX_MESSAGE_LENGTH, MAX_NAME_LENGTH } from "../../../backend/text/text.ts";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "../../../backend/users/password.ts";

test("the messages of codes name the limits that are in force", () => {
  const numbers: { readonly [C in Code]?: number } = {
    NAME_LONG: MAX_NAME_LENGTH,
    PASSWORD_LONG: MAX_PASSWORD_LENGTH,
    PASSWORD_SHORT: MIN_PASSWORD_LENGTH,
    TEXT_LONG: MAX_MESSAGE_LENGTH,
  };
  for (const [code, number] of Object.entries(numbers)) expect(CODES[code as Code][1]).toContain(` ${number} `);
});

test("a client gets a declared code with its own status and message, whatever error was thrown", () => {
  expect(publicError(refuse("LAST_ADMIN", { field: "id", retryAfter: 1.2 }))).toEqual({
    ...{ status: 409, code: "LAST_ADMIN", message: CODES.LAST_ADMIN[1] },
    ...{ field: "id", retryAfter: 2 },
  });
  // an error from another node: it has no class, and fields that this node did not choose
  const sent = {
    name: "ClientError",
    code: 200,
    type: "LAST_ADMIN",
    message: "secret",
    data: { field: "a b", secret: 1 },
  };
  expect(publicError(sent)).toEqual({ status: 409, code: "LAST_ADMIN", message: CODES.LAST_ADMIN[1] });
  const internal = { status: 500, code: "INTERNAL", message: CODES.INTERNAL[1] };
  for (const type of ["TEAPOT", "toString", "__proto__", undefined, 1])
    expect([type, publicError({ ...sent, type })]).toEqual([type, internal]);
  expect(publicError(Object.assign(new ClientError("LAST_ADMIN"), { name: "Error" }))).toEqual(internal);
});
