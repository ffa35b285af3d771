import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readFiles } from "../../../../backend/contract/index.ts";
import { object, string, unbounded } from "../../../../backend/surface/grammar.ts";
import { form } from "../../../../backend/surface/stream-grammar.ts";
import type { StreamEntry } from "../../../../backend/surface.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { type StreamHandler, streamService } from "./stream-gateway.ts";

/** Code of the README's chapter about streams: an entry, and its action's handler. `scope` is what they import. */
function codeOfReadme(scope: Readonly<Record<string, unknown>>): { entry: StreamEntry; attach: StreamHandler } {
  const [, chapter = ""] =
    /^### Take files, send files and events\n(.*?)^### /ms.exec(readFileSync("README.md", "utf8")) ?? [];
  const [entry = "", handler = ""] = [...chapter.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);
  const program = `return { entry: ${entry.trim().replace(/,$/, "")}, ${handler} };`;
  return new Function(...Object.keys(scope), program)(...Object.values(scope)) as never;
}

const { entry, attach } = codeOfReadme({ form, object, string, unbounded, readFiles });
let gateway: TestGateway;
beforeAll(async () => {
  const { kind: _, ...shown } = entry;
  const service = { ...streamService({ attach: { ...shown, run: attach } }), name: entry.action.split(".")[0] ?? "" };
  gateway = await startTestGateway({}, { entries: [entry], services: [service] });
});
afterAll(() => gateway.stop());

async function upload(pictures: readonly Blob[], title = "Holiday") {
  const body = new FormData();
  body.set("title", title);
  for (const picture of pictures) body.append("picture", picture, "p.png");
  const response = await fetch(`${gateway.url}${entry.path.replace(":id", "n1")}`, {
    method: entry.method,
    body,
    headers: { authorization: `Bearer ${tokenOf("ann")}` },
  });
  return { status: response.status, json: (await response.json()) as { error?: { code: string } } };
}
const png = (bytes = 10) => new Blob([new Uint8Array(bytes)], { type: "image/png" });

test("D10: the README's entry of kind stream works as the README says", async () => {
  expect(await upload([png(), png()])).toEqual({ status: 200, json: { stored: 2 } });
  expect((await upload([png()], "")).json.error?.code).toBe("VALIDATION");
  expect((await upload([png(), png(), png()])).status).toBeGreaterThanOrEqual(400);
  expect((await upload([png(400_001)])).status).toBeGreaterThanOrEqual(400);
  expect((await upload([new Blob(["x"], { type: "text/html" })])).status).toBeGreaterThanOrEqual(400);
});
