import { expect, test } from "@jest/globals";
import { EDIT_WINDOW_MS } from "../../../backend/chat/message.ts";
import { MAX_REASON_LENGTH } from "../../../backend/chat/moderation.ts";
import { CODES } from "../../../backend/contract/index.ts";

test("the messages of the chat's codes name the limits that are in force", () => {
  expect(CODES.REASON_LONG[1]).toContain(` ${MAX_REASON_LENGTH} `);
  expect([CODES.TOO_LATE[1], EDIT_WINDOW_MS]).toEqual(["A message can be edited for an hour.", 3_600_000]);
});
