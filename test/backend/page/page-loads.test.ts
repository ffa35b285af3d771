// What opening the page costs, with the real page, the real limits and the whole backend.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { LIMITS } from "../../../backend/gateway/index.ts";
import { loadAssets } from "../../../backend/page/index.ts";
import type { SignedIn } from "../../../backend/users/shapes.ts";
import { emit, startTestBackend, type TestBackend } from "../support.ts";

let backend: TestBackend;
beforeAll(async () => {
  backend = await startTestBackend({ assets: await loadAssets(), limits: LIMITS });
});
afterAll(() => backend.stop());

/** Opens the page as a browser does: asks for what it has not kept, and answers each request's path and status. */
async function visit(kept: Map<string, string>, headers: Record<string, string> = {}): Promise<string[]> {
  const requests: string[] = [];
  const get = async (path: string) => {
    const etag = kept.get(path);
    const {
      status,
      headers: answered,
      text,
    } = await backend.ask("GET", path, {
      headers: { ...headers, ...(etag === undefined ? {} : { "if-none-match": etag }) },
    });
    requests.push(`${path.replace(/\?.*/, "")} ${status}`);
    const isLasting = answered.get("cache-control")?.includes("immutable") ?? false;
    kept.set(path, isLasting ? "for good" : (answered.get("etag") ?? ""));
    return text;
  };
  const html = await get("/");
  if (html !== "") kept.set("html", html);
  const named = [...(kept.get("html") ?? "").matchAll(/\s(?:src|href)="([^"#]+)"/g)].map(([, path]) => path as string);
  for (const path of new Set(named)) if (kept.get(path) !== "for good") await get(path);
  return requests;
}

test("a first visit is four requests, a second one is one, without a body", async () => {
  const kept = new Map<string, string>();
  expect((await visit(kept)).sort()).toEqual(["/ 200", "/app.css 200", "/app.js 200", "/favicon.svg 200"]);
  expect(await visit(kept)).toEqual(["/ 304"]);
});

test("thirty people behind one address open the page at the same moment: none of them is refused anything", async () => {
  const office = { "cf-connecting-ip": "203.0.113.9" };
  const visitors = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      // they registered at home
      const { json } = await backend.ask("POST", "/api/auth/register", {
        body: { email: `v${index}@example.org`, password: "correct horse battery", name: `Visitor ${index}` },
        headers: { "cf-connecting-ip": `192.0.2.${index}` },
      });
      return json as unknown as SignedIn;
    }),
  );
  const opened = await Promise.all(
    visitors.map(async ({ refreshToken }) => {
      const files = await visit(new Map(), office);
      const renewed = await backend.ask("POST", "/api/auth/refresh", { body: { refreshToken }, headers: office });
      const socket = await backend.socket(renewed.json.accessToken, { extraHeaders: office });
      const calls = [
        await emit(socket, "call", "chat.rooms", {}),
        ...(await Promise.all(
          ["chat.join", "chat.presence", "chat.marks"].map((action) => emit(socket, "call", action, { room: "lobby" })),
        )),
      ];
      const answers = [...files.map((file) => file.split(" ")[1]), renewed.status];
      return [...answers, ...calls.map(({ error }) => error?.code ?? "done")].join(" ");
    }),
  );
  expect(new Set(opened)).toEqual(new Set(["200 200 200 200 200 done done done done"]));
});
