import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Writes of which a test has to hear before it kills the writer. */
const ENOUGH = 200;

/**
 * Runs a program that opens the store of a folder, and writes as fast as it can: `write` is JavaScript that stores
 * number `n` in `store`. Kills it with SIGKILL after some writes. Returns the number of the last write that was
 * acknowledged.
 */
export async function killWriter(dataDir: string, write: string, prepare = ""): Promise<number> {
  const program = `
    const { openStore } = await import(process.argv[1]);
    const { addUsers, newUser } = await import(process.argv[2]);
    const store = await openStore({ dataDir: process.argv[3] });
    ${prepare}
    for (let n = 1; ; n += 1) {
      ${write}
      console.log(n);
    }`;
  const modules = ["open-store.ts", "rows.ts"].map((name) => new URL(name, import.meta.url).href);
  const writer = spawn(process.execPath, ["--input-type=module", "-e", program, ...modules, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(writer, "exit");
  let acknowledged = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    acknowledged = Number(line);
    if (acknowledged === ENOUGH) writer.kill("SIGKILL"); // lines already written still count as acknowledged
  }
  const [code, signal] = await exited;
  if (signal !== "SIGKILL") throw new Error(`the writer ended with ${code} before it was killed`);
  return acknowledged;
}
