import { mkdir, readdir, writeFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { registered } from "../../cloudflared/index.ts";
import { startEdgeForTests } from "./edge-for-tests.ts";
import { replaceSuite } from "./replace-suite.ts";

replaceSuite("our own connector", { PATH: "" });

test("what is left of a connector that died, or is no connector, is cleared away", async () => {
  const house = await startEdgeForTests(null);
  const folder = `${house.tokenFile}.connectors`;
  await mkdir(folder);
  const entry = (pid: unknown, metrics: unknown) => JSON.stringify({ pid, metrics, env: {} });
  await writeFile(`${folder}/1.json`, entry(process.pid, "127.0.0.1:1"));
  await writeFile(`${folder}/2.json`, entry(2 ** 30, "127.0.0.1:1"));
  await writeFile(`${folder}/3.json`, entry(-1, "127.0.0.1:1"));
  await writeFile(`${folder}/4.json`, "nonsense");
  expect(await registered(house.tokenFile)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  await house.close();
});
