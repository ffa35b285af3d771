import { expect, test } from "@jest/globals";
import { rolesUpTo } from "../../../backend/surface/roles.ts";

test("each role includes the ones below it", () => {
  expect(rolesUpTo("user")).toEqual(["user"]);
  expect(rolesUpTo("admin")).toEqual(["user", "moderator", "admin"]);
});
