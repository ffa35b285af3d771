import { expect, test } from "@jest/globals";
import { EDIT_TIME } from "../../../backend/chat/message.ts";
import { REASON_MAX } from "../../../backend/chat/moderation.ts";
import { ClientError, CODES, type Code, publicError, refuse } from "../../../backend/contract/index.ts";
import { MESSAGE_MAX, NAME_MAX } from "../../../backend/text/text.ts";
import { PASSWORD_MAX, PASSWORD_MIN } from "../../../backend/users/password.ts";

test("the numbers in messages are those that count", () => {
  const numbers: { readonly [C in Code]?: number } = {
    NAME_LONG: NAME_MAX,
    PASSWORD_LONG: PASSWORD_MAX,
    PASSWORD_SHORT: PASSWORD_MIN,
    REASON_LONG: REASON_MAX,
    TEXT_LONG: MESSAGE_MAX,
  };
  for (const [code, number] of Object.entries(numbers)) expect(CODES[code as Code][1]).toContain(` ${number} `);
  expect([CODES.TOO_LATE[1], EDIT_TIME]).toEqual(["A message can be edited for an hour.", 3_600_000]);
});

test("what leaves of an error is a declared code with its own status and message, whoever threw it", () => {
  expect(publicError(refuse("MUTED", { field: "room", retryAfter: 1.2 }))).toEqual({
    ...{ status: 403, code: "MUTED", message: "You may not write in this room for a while." },
    ...{ field: "room", retryAfter: 2 },
  });
  // as it comes from another node: no class, and whatever that node put into it
  const sent = { name: "ClientError", code: 200, type: "MUTED", message: "secret", data: { field: "a b", secret: 1 } };
  expect(publicError(sent)).toEqual({ status: 403, code: "MUTED", message: CODES.MUTED[1] });
  const internal = { status: 500, code: "INTERNAL", message: CODES.INTERNAL[1] };
  for (const type of ["TEAPOT", "toString", "__proto__", undefined, 1])
    expect([type, publicError({ ...sent, type })]).toEqual([type, internal]);
  expect(publicError(Object.assign(new ClientError("MUTED"), { name: "Error" }))).toEqual(internal);
});
