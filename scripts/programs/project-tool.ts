import { delimiter, dirname, join } from "node:path";
import { runProgram } from "../command-line/index.ts";

const BIN = join(import.meta.dirname, "../..", "node_modules", ".bin");

/** Runs a program that a package of this project brings, with this Node.js, and returns its exit code. */
export function runTool(name: string, args: readonly string[]): Promise<number> {
  const path = [dirname(process.execPath), BIN, process.env.PATH ?? ""].join(delimiter);
  return runProgram(join(BIN, name), args, { ...process.env, PATH: path });
}
