// What opening the chat costs, with the real page, the real limits and the whole backend.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../../../backend/gateway/index.ts";
import { loadAssets } from "../../../../backend/page/index.ts";
import { emit } from "../../socket-calls.ts";
import { startTestBackend, type TestBackend } from "../../test-backend.ts";
import { visitFromOffice } from "../visit.ts";

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend({ assets: await loadAssets(), limits: LIMITS });
});
afterAll(() => backend.stop());

test("thirty users behind one address open the chat at the same moment: none of them is refused anything", async () => {
  const opened = await visitFromOffice(backend, async ({ statuses, accessToken, headers }) => {
    const socket = await backend.connect(accessToken, { extraHeaders: headers });
    const calls = [
      await emit(socket, "call", "chat.rooms", {}),
      ...(await Promise.all(
        ["chat.join", "chat.presence", "chat.marks"].map((action) => emit(socket, "call", action, { room: "lobby" })),
      )),
    ];
    return [...statuses, ...calls.map(({ error }) => error?.code ?? "done")].join(" ");
  });
  expect(new Set(opened)).toEqual(new Set(["200 200 200 200 200 done done done done"]));
});
