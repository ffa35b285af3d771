import { expect, test } from "@jest/globals";
import { authSurface } from "../../../backend/auth/surface.ts";
import { AUDIT_WORDS } from "../../../backend/page/audit-words.ts";
import { usersSurface } from "../../../backend/users/surface.ts";

test("the page has words for every action that accounts and sessions record, and for no other", () => {
  const recorded = [...usersSurface.audits, ...authSurface.audits];
  expect(Object.keys(AUDIT_WORDS).sort()).toEqual(recorded.sort());
});
