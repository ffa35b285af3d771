import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { WebSocket } from "ws";
import { contentHash } from "../../../backend/gateway/index.ts";
import { buildPage } from "../../../backend/page/index.ts";
import { openPageVersions } from "../../../scripts/edits/page-versions.ts";

const ORIGIN = "http://chat.causeway.localhost:8080";

test("D2: open pages of the site hear of each version, other sites do not", async () => {
  const versions = await openPageVersions(0, ORIGIN);
  try {
    versions.announce("one");
    const page = new WebSocket(versions.url, { origin: ORIGIN });
    expect(String((await once(page, "message"))[0])).toBe("one");
    versions.announce("two");
    expect(String((await once(page, "message"))[0])).toBe("two");
    const other = new WebSocket(versions.url, { origin: "http://other.example" });
    expect(String((await once(other, "error"))[0])).toContain("401");
  } finally {
    await versions.close();
  }
});

test("D2: only a page that follows versions has the program for it", async () => {
  const url = "ws://127.0.0.1:35729";
  const [plain, following] = await Promise.all([buildPage(), buildPage(url)]);
  const program = (page: typeof plain) => String(page.assets.get("/app.js")?.body);
  expect(program(following)).toContain(url);
  expect(program(plain)).not.toMatch(/127\.0\.0\.1|PAGE_VERSIONS_URL/);
  expect(following.assets.get("/")?.connectsTo).toBe(url);
  expect(plain.assets.get("/")).not.toHaveProperty("connectsTo");
  const version = ({ assets }: typeof plain) => contentHash(assets.get("/")?.body ?? Buffer.of());
  expect(version(following)).not.toBe(version(plain));
});
