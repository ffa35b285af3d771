import { resolve } from "node:path";
import { CommandError, command, endSignal, flag, optionWithDefault, runCommand, text } from "./command-line/index.ts";

await runCommand(
  command({
    name: "bundle",
    summary: "Makes a folder that runs the backend or a connector on a server without node_modules.",
    details:
      "The folder has the program in a few files, the page, the data and all licences. Copy it to a server, and run " +
      "`causeway backend` or `causeway connector` of it there; `causeway --help` lists its commands.",
    options: {
      into: optionWithDefault("--into <folder>", "the folder to make; it must be empty or not exist", text, "bundle"),
      withNode: flag("--with-node", "puts the Node.js that npm ci brought beside it, for a server of the same system"),
    },
    failure: "it could not be made, or was interrupted; then nothing is left",
    examples: ["", "--into /tmp/causeway --with-node"],
    run: ({ options: { into, withNode } }) => makeBundle(resolve(into), withNode),
  }),
);

async function makeBundle(folder: string, withNode: boolean): Promise<void> {
  const { refuseUsedFolder, writeFolder } = await import("./bundle-build/write-folder.ts");
  const { bundleFiles, sizeOf } = await import("./bundle-build/bundle-files.ts");
  const signal = endSignal();
  await refuseUsedFolder(folder);
  try {
    const files = await bundleFiles({ withNode });
    await writeFolder(folder, files, signal);
    const bytes = files.reduce((sum, file) => sum + sizeOf(file), 0);
    console.log(`The bundle is in ${folder}: ${(bytes / 1e6).toFixed(1)} MB. Run it: ${folder}/causeway backend`);
  } catch (error) {
    // esbuild's process gets Ctrl-C too, and fails
    if (signal.aborted) throw new CommandError(`${signal.reason}: it was interrupted, and nothing was made.`);
    throw error;
  }
}
