import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { broughtNode } from "./brought-node.ts";
import type { BundleFile } from "./bundle-file.ts";
import { COMMANDS, NEEDED_NODE, ROOT } from "./facts.ts";
import { licencesOf } from "./licences.ts";
import { pageFiles } from "./page-files.ts";
import { buildProgram } from "./program.ts";
import { importedFiles } from "./project-sources.ts";
import { readVersion, type Version } from "./version.ts";

/**
 * All files of a bundle. Nothing is written.
 * @throws CommandError where a source is wrong, or needs what a bundle does not have
 */
export async function bundleFiles({ withNode }: { readonly withNode: boolean }): Promise<readonly BundleFile[]> {
  const [program, page, version] = await Promise.all([buildProgram(), pageFiles(), readVersion()]);
  const files = [...program.files, ...page.files];
  const licences = licencesOf([...program.sources, ...page.sources], program.notices);
  return [
    { path: "causeway", content: SHELL, isExecutable: true },
    { path: "causeway.mjs", content: await startFile(version, files) },
    { path: "package.json", content: packageFile(version) },
    { path: "LICENSE", content: { copyOf: join(ROOT, "LICENSE") } },
    { path: "LICENSES.txt", content: licences },
    ...UNITS.map((path) => ({ path: `deploy/${basename(path)}`, content: { copyOf: join(ROOT, path) } })),
    ...files,
    ...(withNode ? broughtNode() : []),
  ];
}

/** Bytes of a file. */
export function sizeOf({ content }: BundleFile): number {
  if (typeof content === "string") return Buffer.byteLength(content);
  return "copyOf" in content ? statSync(content.copyOf).size : content.length;
}

/** The units of systemd that run a bundle. */
const UNITS = ["backend/deploy/causeway-backend.service", "cloudflared/causeway-connector.service"];

const SHELL = `#!/bin/sh
# Runs a command of this folder: \`causeway backend\`. It takes the Node.js of this folder; without one, that on PATH.
folder=$(dirname -- "$(readlink -f -- "$0")")
node=$folder/node
if [ ! -x "$node" ]; then
  node=$(command -v node) || {
    echo "causeway: there is no node in $folder and none on PATH. Install Node.js 26 from https://nodejs.org." >&2
    exit 1
  }
fi
exec "$node" "$folder/causeway.mjs" "$@"
`;

/** The start of a bundle, for any Node.js: it refuses one that is too old, and a bundle with files missing. */
async function startFile(version: Version, files: readonly BundleFile[]): Promise<Uint8Array> {
  const facts = {
    version: version.text,
    neededNode: NEEDED_NODE,
    commands: COMMANDS,
    files: files.map((file) => [file.path, sizeOf(file)]),
  };
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["scripts/bundle-build/in-bundle/start.mjs"],
    outdir: ROOT,
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node14.17",
    define: { BUNDLE: JSON.stringify(facts) },
    logLevel: "silent", // what is wrong is thrown
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

function packageFile({ number }: Version): string {
  const imports = Object.entries(importedFiles()).map(([name, { path }]) => [name, `./${path}`]);
  const text = {
    name: "causeway-bundle",
    version: number,
    private: true,
    license: "MIT",
    type: "module",
    engines: { node: `>=${NEEDED_NODE.join(".")}` },
    imports: Object.fromEntries(imports),
  };
  return `${JSON.stringify(text, null, 2)}\n`;
}
