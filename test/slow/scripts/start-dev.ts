import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LocalSite } from "../../../scripts/local-site/local-site.ts";
import { choosePorts } from "../../../scripts/local-site/ports.ts";

/** Few files, because TypeScript would need minutes for all. */
export const FEW_TYPES = {
  "tsconfig.json": JSON.stringify({
    compilerOptions: { module: "nodenext", noEmit: true, strict: true, types: [], lib: ["es2024"], skipLibCheck: true },
    files: ["backend/typed.ts"],
  }),
  "backend/page/tsconfig.json": JSON.stringify({ extends: "../../tsconfig.json", files: ["../typed.ts"] }),
  "backend/typed.ts": 'export const typed: string = "a";\n',
};

/** `npm run dev` of a copy of the project, on free ports; the connector is our own, since there is no PATH. */
export async function startDev(project: string) {
  const dataDir = join(project, ".data");
  mkdirSync(dataDir);
  await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
  const child = spawn(process.execPath, ["scripts/run.mjs", "dev"], {
    cwd: project,
    env: { DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let seen = 0;
  let look = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      look();
    });
  }
  const ended = once(child, "close");
  /** Resolves when the output has this, after what was waited for before. */
  const printed = (words: RegExp) =>
    new Promise<string>((resolve, reject) => {
      void ended.then(() => reject(new Error(`it ended: ${output}`)));
      look = () => {
        const found = words.exec(output.slice(seen));
        if (found === null) return;
        seen += found.index + found[0].length;
        resolve(found[0]);
      };
      look();
    });
  const [, port] = /causeway\.localhost:(\d+)/.exec(await printed(/The page: http:\S+:\d+/)) ?? [];
  const hostname = "chat.causeway.localhost";
  const site = { edge: { port: Number(port) }, hostname, chat: `http://${hostname}:${port}` } as LocalSite;
  const [, consoleAddress = ""] = /(http\S+)/.exec(await printed(/console +http:\S+token=\S+/)) ?? [];
  await printed(/Ctrl-C ends everything/);
  return { child, ended, printed, site, consoleAddress };
}
