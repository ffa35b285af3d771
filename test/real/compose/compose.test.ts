import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-compose-"));
  cpSync("cloudflared/compose.yaml", join(folder, "compose.yaml"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SETTINGS = { ORIGINS: "https://chat.example.com", SECRETS: "/etc/causeway" };

function config(settings: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.env.DOCKER_COMPOSE_BIN ?? "docker-compose", ["config"], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...settings },
  });
  return { status, stdout, stderr };
}

test("O20: docker-compose accepts the file, and puts the settings into it", () => {
  const { status, stdout, stderr } = config(SETTINGS);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("ORIGINS: https://chat.example.com");
  expect(stdout).toContain("file: /etc/causeway/tunnel-token");
});

test("O20: docker-compose refuses the file without a setting that it needs, and with a wrong line", () => {
  const { ORIGINS, SECRETS } = SETTINGS;
  expect(config({ SECRETS })).toMatchObject({ status: 1, stderr: expect.stringContaining("as in https://") });
  expect(config({ ORIGINS })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("the folder with the files"),
  });
  const file = join(folder, "compose.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("read_only:", "readonly:"));
  expect(config(SETTINGS)).toMatchObject({ status: 1, stderr: expect.stringContaining("readonly") });
});
