import { join, relative, resolve, sep } from "node:path";
import { type BuildFailure, type BuildResult, build, type OutputFile } from "esbuild";
import { CommandError } from "../command-line/index.ts";
import { builtinModules } from "./builtin-modules.ts";
import type { BundleFile } from "./bundle-file.ts";
import { COMMANDS, NEEDED_NODE, ROOT } from "./facts.ts";
import { latePackages } from "./late-packages.ts";
import { optionalPackages } from "./optional-packages.ts";
import { type DataFile, projectSources } from "./project-sources.ts";

/** The program of a bundle. */
export interface BundledProgram {
  readonly files: readonly BundleFile[];
  /** Absolute paths of the sources, those in packages too. */
  readonly sources: readonly string[];
  /** The licence comments in the sources. */
  readonly notices: readonly string[];
}

/** What packages for CommonJS expect, and ES modules do not have. */
const COMMONJS = [
  'import { createRequire as createRequireForPackages } from "node:module";',
  "const require = createRequireForPackages(import.meta.url);",
  "const { filename: __filename, dirname: __dirname } = import.meta;",
].join("\n");

const OUT = join(ROOT, "program");

/**
 * Bundles the commands. What several of them use is in files of its own. Names stay as they are, so that the stack of
 * an error can be read.
 * @throws CommandError where a source is wrong, or needs what a bundle does not have
 */
export async function buildProgram(): Promise<BundledProgram> {
  const data: DataFile[] = [];
  const { outputFiles, metafile } = await bundle(data);
  const isNotice = ({ path }: OutputFile) => path.endsWith(".LEGAL.txt");
  return {
    files: [
      ...outputFiles
        .filter((file) => !isNotice(file))
        .map(({ path, contents }) => ({ path: placeOf(path), content: contents })),
      ...data.map(({ path, source }) => ({ path, content: { copyOf: source } })),
    ],
    sources: [
      ...Object.keys(metafile.inputs)
        .filter(isFile)
        .map((path) => resolve(ROOT, path)),
      ...data.map(({ source }) => source),
    ],
    notices: [...new Set(outputFiles.filter(isNotice).map(({ text }) => text.trim()))],
  };
}

/** Not what a plugin has made, whose name begins with that of its namespace. */
const isFile = (input: string) => !/^\w+:/.test(input);

const placeOf = (path: string) => `program/${relative(OUT, path).replaceAll(sep, "/")}`;

async function bundle(data: DataFile[]): Promise<BuildResult<{ metafile: true; write: false }>> {
  try {
    return await build({
      absWorkingDir: ROOT,
      entryPoints: COMMANDS.map(({ name }) => ({ in: `scripts/${name}.ts`, out: name })),
      outdir: OUT,
      outExtension: { ".js": ".mjs" },
      write: false,
      bundle: true,
      splitting: true,
      metafile: true,
      format: "esm",
      platform: "node",
      target: `node${NEEDED_NODE.join(".")}`,
      banner: { js: COMMONJS },
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: "external",
      logLevel: "silent", // what is wrong is thrown
      plugins: [projectSources(data), builtinModules, latePackages, optionalPackages],
    });
  } catch (error) {
    throw isBuildFailure(error) ? new CommandError(describe(error)) : error;
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure => error instanceof Error && "errors" in error;

function describe({ errors }: BuildFailure): string {
  const lines = errors.map(({ text, location }) => `  ${location ? `${location.file}:${location.line}: ` : ""}${text}`);
  return `The program cannot be bundled:\n${lines.join("\n")}`;
}
