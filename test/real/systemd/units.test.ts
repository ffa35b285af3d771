import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const SERVICES = ["backend/deploy/causeway-backend.service", "cloudflared/causeway-connector.service"];
/** Runs once, when its timer starts it. */
const STATUS = "cloudflared/causeway-status.service";
const TIMER = "cloudflared/causeway-status.timer";
const UNITS = [...SERVICES, STATUS];
/** What `systemd-analyze security` calls exposure, times ten: 0 where a service may do nothing, 100 where it may all */
const MAX_EXPOSURE = {
  "causeway-backend.service": 14,
  "causeway-connector.service": 14,
  "causeway-status.service": 14,
};

let server: string;
beforeEach(() => {
  server = mkdtempSync(join(tmpdir(), "causeway-units-"));
  for (const program of ["opt/causeway/causeway", "usr/bin/cloudflared", "usr/bin/node"]) {
    mkdirSync(join(server, dirname(program)), { recursive: true });
    writeFileSync(join(server, program), "#!/bin/sh\n", { mode: 0o755 });
  }
  cpSync("/lib/systemd/system", join(server, "lib/systemd/system"), { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(server, "etc/systemd/system"), { recursive: true });
  for (const unit of [...UNITS, TIMER]) copyFileSync(unit, place(unit));
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

test.each([...UNITS, TIMER])("O20: systemd-analyze finds nothing in %s", (unit) => {
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

/** The values of a key, in the lines of a unit. */
function values(unit: string, key: string): readonly string[] {
  const lines = readFileSync(unit, "utf8").split("\n");
  return lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

test.each(UNITS)("O20: %s has its secrets in files", (unit) => {
  expect([...values(unit, "EnvironmentFile"), ...values(unit, "LoadCredential")]).toHaveLength(1);
  expect(values(unit, "Environment").filter((line) => /SECRET|PASS|_URL=|TOKEN=/.test(line))).toEqual([]);
  expect(values(unit, "ExecStart").join()).not.toMatch(/token|secret/i);
});

test.each(SERVICES)("O20: %s may be started again without an end", (unit) => {
  expect([...values(unit, "Restart"), ...values(unit, "StartLimitIntervalSec")]).toEqual(["always", "0"]);
});

test("a timer starts `status`, whose exit codes fail the unit", () => {
  expect(values(TIMER, "OnUnitInactiveSec")).toEqual(["10min"]);
  // with SuccessExitStatus=2 an API token that has expired would never be told
  expect([...values(STATUS, "Type"), ...values(STATUS, "SuccessExitStatus")]).toEqual(["oneshot"]);
  const broken = readFileSync(TIMER, "utf8").replace("OnUnitInactiveSec=10min", "OnUnitInactiveSec=10 minuets");
  writeFileSync(place(TIMER), broken);
  expect(verify(TIMER)).toContain("Failed to parse timer value");
});
