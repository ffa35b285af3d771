import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkClientId } from "../../../backend/chat/message.ts";
import { checkRoomName } from "../../../backend/chat/room.ts";
import { character } from "../../character.ts";

test("a name that has been accepted once is accepted again and stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 100 }), (input) => {
      for (const rule of [checkRoomName, checkClientId]) {
        const once = rule(input);
        if (once.ok) expect(rule(once.value)).toEqual(once);
      }
    }),
  );
});

test.each([
  ["Lobby", "lobby"],
  ["ＬＯＢＢＹ", "lobby"],
  ["straße-7", "straße-7"],
  ["разное_1", "разное_1"],
])("the room %s is known as %s", (input, name) => {
  expect(checkRoomName(input)).toEqual({ ok: true, value: name });
});

test.each(["", "-a", "a b", "a/b", "../x", "a\u0000", "\ud800", "a".repeat(65), "$node"])("%j is no room", (input) => {
  expect(checkRoomName(input)).toMatchObject({ ok: false, code: "ROOM_NAME" });
});
