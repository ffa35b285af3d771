import { once } from "node:events";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { memoryThrottles } from "../../../backend/throttle/throttle-memory.ts";
import { createExportLease } from "../../../backend/users/export-lease.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../test-backend.ts";
import { png } from "./picture-samples.ts";

let backend: TestBackend;
let ada: TestUser;
beforeEach(async () => {
  backend = await startTestBackend();
  ada = await backend.registerUser();
});
afterEach(() => backend.stop());

const exported = async (person: TestUser) => {
  const answer = await backend.request("GET", "/api/users/me/export", { token: person.accessToken });
  const lines = answer.text.split("\n").filter((line) => line !== "");
  return { ...answer, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
};

test("the export holds the user's profile and picture, and nothing of others", async () => {
  const ben = await backend.registerUser();
  await backend.request("PUT", "/api/users/me/picture", {
    token: ada.accessToken,
    body: png(),
    headers: { "content-type": "image/png" },
  });
  const { status, headers, lines, text } = await exported(ada);
  expect([status, headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  expect(headers.get("content-disposition")).toMatch(/^attachment; filename="export-\d{4}-\d\d-\d\d\.ndjson"$/);
  expect(lines[0]).toMatchObject({ type: "profile", id: ada.id, email: ada.email });
  expect(lines[1]).toEqual({ type: "picture", contentType: "image/png", base64: png().toString("base64") });
  expect(lines.at(-1)).toEqual({ type: "end", lines: lines.length - 1 });
  expect(text).not.toContain(ben.id);
});

test("one export of a user runs at a time, and the next one when the reader of the first has gone away", async () => {
  const ben = await backend.registerUser();
  const start = (person: TestUser) =>
    backend.broker.call("users.export", {}, { meta: { user: { id: person.id, roles: ["user"], sid: "s" } } });
  const first = (await start(ada)) as Readable;
  expect((await exported(ada)).json.error?.code).toBe("EXPORT_RUNNING");
  expect((await exported(ben)).status).toBe(200);
  const closed = once(first, "close");
  first.destroy();
  await closed;
  // given back a moment later
  let again = await exported(ada);
  while (again.status === 409) again = await exported(ada);
  expect(again.lines.at(-1)).toMatchObject({ type: "end" });
});

test("a lease is held until it is released or its node is silent for a minute", async () => {
  const clock = { now: 1_000_000 };
  const lease = createExportLease(memoryThrottles(), () => clock.now);
  const release = await lease.begin("ada");
  expect(release).toBeDefined();
  expect(await lease.begin("ada")).toBeUndefined();
  const other = await lease.begin("ben");
  clock.now += 59_999;
  expect(await lease.begin("ada")).toBeUndefined();
  await release?.();
  const second = await lease.begin("ada");
  expect(second).toBeDefined();
  clock.now += 60_001;
  const third = await lease.begin("ada");
  expect(third).toBeDefined();
  // the one before does not end another's
  await second?.();
  expect(await lease.begin("ada")).toBeUndefined();
  await Promise.all([third?.(), other?.()]);
});
