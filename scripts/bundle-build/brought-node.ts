import { existsSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../command-line/index.ts";
import type { BundleFile } from "./bundle-file.ts";
import { ROOT } from "./facts.ts";

/**
 * The Node.js that `npm ci` brought for this system, with its licence. A Node.js that is installed on this machine may
 * need libraries that another one does not have.
 * @throws CommandError where there is none
 */
export function broughtNode(): readonly BundleFile[] {
  const { platform, arch } = process;
  const program = platform === "win32" ? "node.exe" : "node";
  const system = `${platform === "win32" ? "win" : platform}-${arch}`;
  const found = [`node-${system}`, `node-bin-${system}`]
    .map((name) => join(ROOT, "node_modules", name))
    .find((folder) => existsSync(join(folder, "bin", program)) && existsSync(join(folder, "LICENSE")));
  if (found === undefined) {
    throw new CommandError(
      `npm ci brought no Node.js with its licence for this system (${system}). Leave out --with-node, and install ` +
        "Node.js 26 on the server.",
    );
  }
  return [
    { path: program, content: { copyOf: join(found, "bin", program) }, isExecutable: true },
    { path: "node.LICENSE", content: { copyOf: join(found, "LICENSE") } },
  ];
}
