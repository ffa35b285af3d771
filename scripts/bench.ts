// `npm run bench -- NAME ...`: the benchmarks of test/bench, each in a process of its own; all of them without a name.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../test/bench/", import.meta.url));
const known = readdirSync(folder).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !known.includes(name));

if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exitCode = 2;
} else {
  // Code is compiled in the foreground, so that a busy machine does not measure the interpreter.
  for (const name of wanted.length > 0 ? wanted : known) {
    const { status } = spawnSync(process.execPath, ["--no-concurrent-recompilation", `${folder}${name}.bench.ts`], {
      stdio: "inherit",
    });
    if (status !== 0) process.exitCode = 1;
  }
}
