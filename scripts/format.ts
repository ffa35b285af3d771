import { argumentList, command, runCommand } from "./command-line/index.ts";
import { runTool } from "./programs/project-tool.ts";

await runCommand(
  command({
    name: "format",
    summary: "Formats the code, sorts imports, and repairs what the linter can repair safely.",
    arguments: { path: argumentList("files or folders (all)") },
    failure: "something is left to repair by hand",
    examples: ["", "scripts test/scripts"],
    run: async ({ args: { path } }) =>
      (await runTool("biome", ["check", "--write", "--error-on-warnings", ...path])) === 0 ? 0 : 1,
  }),
);
