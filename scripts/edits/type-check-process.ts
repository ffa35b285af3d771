/** The process that checks types while files are edited. It reports to its parent, and ends with it. */
import { setPriority } from "node:os";
import { relative, sep } from "node:path";
import ts from "typescript";
import type { TypeProblem, TypeReport } from "./type-check-messages.ts";

/** The configurations that `npm run check` checks. */
const CONFIGS = ["tsconfig.json", "backend/page/tsconfig.json"];
/** The backend and the edge come first (https://nodejs.org/api/os.html#ossetprioritypid-priority). */
const LOW_PRIORITY = 10;

setPriority(LOW_PRIORITY);
// Ctrl-C reaches this process too, and the site's process may still print what it finds
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
for (const config of CONFIGS) watchTypes(config);

function watchTypes(config: string): void {
  let problems: TypeProblem[] = [];
  const host = ts.createWatchCompilerHost(
    config,
    { noEmit: true },
    ts.sys,
    ts.createSemanticDiagnosticsBuilderProgram,
    (diagnostic) => problems.push(problemOf(diagnostic, config)),
    (_status, _newLine, _options, errorCount) => {
      if (errorCount !== undefined) process.send?.({ config, problems } satisfies TypeReport);
      problems = [];
    },
  );
  ts.createWatchProgram(host);
}

function problemOf({ file, start, messageText, code }: ts.Diagnostic, config: string): TypeProblem {
  const message = ts.flattenDiagnosticMessageText(messageText, " ").replaceAll(/\s+/g, " ");
  if (file === undefined || start === undefined) return { file: config, line: 1, column: 1, message, code };
  const { line, character } = file.getLineAndCharacterOfPosition(start);
  const path = relative(process.cwd(), file.fileName).split(sep).join("/");
  return { file: path, line: line + 1, column: character + 1, message, code };
}
