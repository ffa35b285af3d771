// The kit without the chat: what `npm run new -- --list chat` names is removed from a copy, as the README says.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyWholeProject, removeFeature, startSite, type WholeCopy } from "./whole-copy.ts";

let copy: WholeCopy;
beforeAll(() => {
  copy = copyWholeProject();
});
afterAll(() => copy.remove());

test("D4: without the chat the kit is typed, its tests pass, it starts, and nothing of the chat is reached", async () => {
  expect(await removeFeature(copy, "chat")).toEqual([
    "ARCHITECTURE.md",
    "backend/features.ts",
    "backend/page/parts.ts",
    "test/bench/socket-calls.ts",
  ]);
  expect(existsSync(join(copy.root, "backend/chat"))).toBe(false);

  await copy.succeed("node_modules/.bin/tsc --noEmit");
  await copy.succeed("node_modules/.bin/tsc --noEmit -p backend/page");
  // the kit keeps what only the chat has used
  await copy.succeed("node_modules/.bin/knip");
  await copy.succeed("node_modules/.bin/knip --production");
  await copy.succeed("npm test -- test/backend test/infra/policy test/journeys test/scripts");
  const site = await startSite(copy);
  try {
    expect((await site.ask("GET", "/")).status).toBe(200);
    // the gateway asks for a token; what it does not have is blocked by the edge
    expect((await site.ask("GET", "/api/users/me")).status).toBe(401);
    expect((await site.ask("GET", "/api/rooms")).status).toBe(403);
    const { body } = await site.ask("GET", "/api/openapi.json");
    expect(JSON.parse(body).paths).toHaveProperty(["/api/auth/login"]);
    expect(body).not.toMatch(/\bchat\b/i);
  } finally {
    await site.stop();
  }
}, 900_000);
