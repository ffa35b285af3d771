import { expect, test } from "@jest/globals";
import { EDIT_TIME } from "../../../backend/chat/message.ts";
import { REASON_MAX } from "../../../backend/chat/moderation.ts";
import { CODES } from "../../../backend/contract/index.ts";

test("the numbers in the chat's messages are those that count", () => {
  expect(CODES.REASON_LONG[1]).toContain(` ${REASON_MAX} `);
  expect([CODES.TOO_LATE[1], EDIT_TIME]).toEqual(["A message can be edited for an hour.", 3_600_000]);
});
