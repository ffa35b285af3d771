import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const UNITS = ["backend/deploy/causeway-backend.service", "cloudflared/causeway-connector.service"];
/** What `systemd-analyze security` calls exposure, times ten: 0 where a service may do nothing, 100 where it may all */
const MAX_EXPOSURE = { "causeway-backend.service": 14, "causeway-connector.service": 14 };

let server: string;
beforeEach(() => {
  server = mkdtempSync(join(tmpdir(), "causeway-units-"));
  for (const program of ["opt/causeway/causeway", "usr/bin/cloudflared"]) {
    mkdirSync(join(server, dirname(program)), { recursive: true });
    writeFileSync(join(server, program), "#!/bin/sh\n", { mode: 0o755 });
  }
  cpSync("/lib/systemd/system", join(server, "lib/systemd/system"), { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(server, "etc/systemd/system"), { recursive: true });
  for (const unit of UNITS) copyFileSync(unit, place(unit));
});
afterEach(() => rmSync(server, { recursive: true }));

const place = (unit: string) => join(server, "etc/systemd/system", basename(unit));

function analyze(...args: string[]) {
  const analyzer = process.env.SYSTEMD_ANALYZE_BIN ?? "systemd-analyze";
  const { status, stdout, stderr } = spawnSync(analyzer, [...args, "--no-pager"], { encoding: "utf8" });
  return { status, text: stdout + stderr };
}

/** What systemd says of a unit on a server with its programs, without what it says of its own units. */
function verify(unit: string): string {
  const { text } = analyze("verify", "--man=no", `--root=${server}`, basename(unit));
  const lines = text.split("\n").filter((line) => line.includes("causeway"));
  return lines.join("\n");
}

test.each(UNITS)("O20: systemd-analyze finds nothing in %s", (unit) => {
  expect(verify(unit)).toBe("");
});

test.each(UNITS)("O20: systemd-analyze names a wrong line of %s, so that the test above can fail", (unit) => {
  const text = readFileSync(unit, "utf8");
  writeFileSync(place(unit), text.replace("ProtectSystem=", "ProtectSystems="));
  expect(verify(unit)).toMatch(/Unknown key (name )?'ProtectSystems'/);
  writeFileSync(place(unit), text.replace(/^ExecStart=\S+/m, "ExecStart=/opt/none"));
  expect(verify(unit)).toContain("/opt/none is not executable");
});

test.each(UNITS)("O20: %s may do little: systemd-analyze security stays below its threshold", (unit) => {
  const threshold = MAX_EXPOSURE[basename(unit) as keyof typeof MAX_EXPOSURE];
  const rate = (limit: number) => analyze("security", "--offline=yes", `--threshold=${limit}`, place(unit)).status;
  expect(rate(threshold)).toBe(0);
  expect(rate(5)).not.toBe(0);
});

test.each(UNITS)("O20: %s has its secrets in files, and may be started again without an end", (unit) => {
  const lines = readFileSync(unit, "utf8").split("\n");
  const values = (key: string) =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  expect([...values("Restart"), ...values("StartLimitIntervalSec")]).toEqual(["always", "0"]);
  expect([...values("EnvironmentFile"), ...values("LoadCredential")]).toHaveLength(1);
  expect(values("Environment").filter((line) => /SECRET|PASSWORD|_URL=|TOKEN=/.test(line))).toEqual([]);
  expect(values("ExecStart").join()).not.toMatch(/token|secret/i);
});
