import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Membership, roleIn, type Standing } from "../../../backend/chat/membership.ts";
import { MAX_MENTIONS, possibleNames } from "../../../backend/chat/mention.ts";
import { rankOf } from "../../../backend/chat/moderation.ts";
import { checkNewRoomName, checkRoomKey, checkRoomName, LOBBY, type Room } from "../../../backend/chat/room.ts";
import { browseKey, directKey, privateKey } from "../../../backend/chat/room-key.ts";

const text = fc.string({ unit: "grapheme", maxLength: 80 });

test("the key of a room that is not public can be given back, and is no public room's name", () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      for (const key of [privateKey(), directKey(one, other)]) {
        expect(checkRoomKey(key)).toEqual({ ok: true, value: key });
        expect(checkRoomName(key).ok).toBe(false);
      }
      expect(directKey(one, other)).toBe(directKey(other, one));
    }),
  );
  const keys = ["ab", "a", "b", "", "a\nb"].flatMap((one) => ["c", "bc"].map((other) => directKey(one, other)));
  expect(new Set(keys).size).toBe(keys.length);
  for (const wrong of ["~", "~x", `~${"x".repeat(23)}`, `~${"ö".repeat(22)}`])
    expect(checkRoomKey(wrong).ok).toBe(false);
});

test("names are found by their start and by nothing else, and keep one order", () => {
  fc.assert(
    fc.property(text, text, (name, prefix) => {
      expect(browseKey(name + prefix).startsWith(browseKey(name))).toBe(true);
      const within = browseKey(name) >= browseKey(prefix) && browseKey(name) < `${browseKey(prefix)}z`;
      expect(within).toBe(Buffer.from(name).subarray(0, Buffer.byteLength(prefix)).equals(Buffer.from(prefix)));
    }),
  );
});

test("a text means few names, however long it is", () => {
  expect(possibleNames("no one@example.org here")).toEqual([]);
  expect(possibleNames("@Ada")).toEqual(["Ada"]);
  expect(possibleNames("Hello @Ada Lovelace, come")).toEqual(expect.arrayContaining(["Ada", "Ada Lovelace"]));
  fc.assert(
    fc.property(fc.array(fc.constantFrom("@", " ", "a", "!", "@Ada", "\n", "é"), { maxLength: 400 }), (parts) => {
      const names = possibleNames(parts.join(""));
      expect(names.length).toBeLessThanOrEqual(MAX_MENTIONS * 8);
      for (const name of names) expect(name.length).toBeLessThanOrEqual(65);
    }),
  );
});

test("rank is what the room and the site say, and nothing without them", () => {
  const standing = (kind: Room["kind"], membership?: Partial<Membership>, key = "x"): Standing => ({
    room: { key, kind, title: null, epoch: "e", seq: 0, revision: 0, members: 1 },
    membership: membership && { userId: "u", role: "member", state: "in", since: 0, mutedUntil: null, ...membership },
  });
  expect(rankOf(standing("public"), ["user"])).toBe(-1);
  expect(rankOf(standing("public"), ["user", "moderator"])).toBe(3);
  expect(rankOf(standing("private"), ["user", "moderator", "admin"])).toBe(-1);
  expect(rankOf(standing("private", { role: "owner" }), ["user"])).toBe(2);
  for (const state of ["out", "banned", "invited"] as const) {
    expect(rankOf(standing("private", { role: "owner", state }), ["user"])).toBe(-1);
    expect(roleIn(standing("public", { state }))).toBeUndefined();
  }
  expect(rankOf(standing("public", undefined, LOBBY), ["user"])).toBe(0);
  expect(rankOf(standing("public", { role: "owner" }, LOBBY), ["user"])).toBe(0);
});

test.each(["l\u043ebby", "\u0430dmin", "x\u3164", "\u115f", "a\u034fb"])(
  "S11: %j is no name for a new room",
  (name) => {
    expect(checkNewRoomName(name)).toEqual({ ok: false, code: "ROOM_NAME" });
  },
);

test("S11: rooms have no reserved names either, and any other", () => {
  expect(checkNewRoomName("system")).toEqual({ ok: false, code: "NAME_RESERVED" });
  // a word of a room's name is no person
  for (const name of ["operating-system", "stra\u00dfe-7", "\u0440\u0430\u0437\u043d\u043e\u0435_1", "lobby-2"])
    expect(checkNewRoomName(name)).toEqual({ ok: true, value: name });
});
