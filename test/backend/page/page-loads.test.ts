// What opening the page costs, with the real page, the real limits and the whole backend.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../../backend/gateway/index.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import { emit } from "../socket-calls.ts";
import { startTestBackend, type TestBackend } from "../test-backend.ts";
import { visit, visitFromOffice } from "./visit.ts";

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend({ assets: await loadAssets(), limits: LIMITS });
});
afterAll(() => backend.stop());

test("a first visit is four requests, a second one is one, without a body", async () => {
  const kept = new Map<string, string>();
  expect((await visit(backend, kept)).sort()).toEqual(["/ 200", "/app.css 200", "/app.js 200", "/favicon.svg 200"]);
  expect(await visit(backend, kept)).toEqual(["/ 304"]);
});

test("thirty users behind one address open the page at the same moment: none of them is refused anything", async () => {
  const opened = await visitFromOffice(backend, async ({ statuses, accessToken, headers }) => {
    const socket = await backend.connect(accessToken, { extraHeaders: headers });
    const { error } = await emit(socket, "call", "users.pictures", { users: [] });
    return [...statuses, error?.code ?? "done"].join(" ");
  });
  expect(new Set(opened)).toEqual(new Set(["200 200 200 200 200 done"]));
});
