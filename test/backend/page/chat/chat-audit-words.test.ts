import { expect, test } from "@jest/globals";
import { chatSurface } from "../../../../backend/chat/surface.ts";
import { CHAT_AUDIT_WORDS } from "../../../../backend/page/chat/audit-words.ts";

test("the page has words for every action that the chat records, and for no other", () => {
  expect(Object.keys(CHAT_AUDIT_WORDS).sort()).toEqual([...chatSurface.audits].sort());
});
