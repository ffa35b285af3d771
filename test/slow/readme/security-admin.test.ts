// The commands of the README's chapter for the security admin, in a copy of the project.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyProject } from "../../copy-project.ts";

const chapter = /^## The security admin\n(.*?)^#{2,3} /ms.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";

/** What the browser's HAR file of the README may hold: one request. */
const traffic = {
  log: { entries: [{ request: { method: "GET", url: "https://x/login", httpVersion: "HTTP/2", headers: [] } }] },
};

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-security-admin-"));
  copyProject(copy, { "traffic.har": JSON.stringify(traffic) });
});
afterAll(() => rmSync(copy, { recursive: true }));

/** What a command prints. Throws with it where the command fails. */
async function outputOf(command: string): Promise<string> {
  try {
    return (await promisify(execFile)("sh", ["-c", command], { cwd: copy })).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

test("D9: the README's commands for the security admin work, and explain prints what the README shows", async () => {
  const blocks = [...chapter.matchAll(/^```(sh)?\n(.*?)^```$/gms)];
  const commands = blocks.filter(([, kind]) => kind === "sh").flatMap(([, , text = ""]) => text.trim().split("\n"));
  expect(commands.length).toBeGreaterThan(5);
  const outputs = new Map<string, string>();
  for (const command of commands) outputs.set(command, await outputOf(command));

  const shown = blocks.find(([, kind]) => kind === undefined)?.[2] ?? "";
  const explained = commands.find((command) => command.includes("explain")) ?? "";
  // `...` is any text, on its line or of whole lines
  const pattern = shown.split("...").map((part) => part.replaceAll(/[^\w\s]/g, "\\$&"));
  expect(outputs.get(explained)).toMatch(new RegExp(pattern.join("[^]*?")));
});

test("D9: a command of the README that finds something fails, so that the test above can fail", async () => {
  const wrong = `npm run rules -- eval --expect true 'http.request.uri.path contains "/admin"' @traffic.har`;
  await expect(outputOf(wrong)).rejects.toThrow("failed");
  writeFileSync(join(copy, "traffic.har"), "no HAR");
  await expect(outputOf(wrong)).rejects.toThrow("failed");
});
