import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-compose-"));
  cpSync("cloudflared/compose.yaml", join(folder, "compose.yaml"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const SETTINGS = { ORIGINS: "https://chat.example.com", SECRETS: "/etc/causeway" };

/** The containers of each profile. */
const PROFILES = {
  embedded: ["backend", "connector"],
  postgres: ["backend-postgres", "connector", "postgres"],
  nodes: ["connector", "nats", "node-1", "node-2", "postgres"],
} as const;
const ALL = Object.keys(PROFILES);

function config(settings: Readonly<Record<string, string>>, profiles: readonly string[] = ALL) {
  const args = [...profiles.flatMap((profile) => ["--profile", profile]), "config"];
  const { status, stdout, stderr } = spawnSync(process.env.DOCKER_COMPOSE_BIN ?? "docker-compose", args, {
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

/** The file with the containers of one profile alone: docker-compose 1 shows those of all, whatever profile it gets. */
function ofProfile(profile: string) {
  const { services, ...rest } = parse(config(SETTINGS).stdout) as Rendered;
  const own = Object.entries(services).filter(([, { profiles }]) => profiles.includes(profile));
  writeFileSync(join(folder, "compose.yaml"), stringify({ ...rest, services: Object.fromEntries(own) }));
  return { ...config({}, [profile]), names: own.map(([name]) => name).sort() };
}

interface Rendered {
  readonly services: Readonly<Record<string, { readonly profiles: readonly string[] }>>;
}

test.each(Object.entries(PROFILES))(
  "O20: the profile %s is whole: it has what its containers need",
  (profile, names) => {
    expect(ofProfile(profile)).toMatchObject({ status: 0, stderr: "", names });
  },
);

test("O20: a profile without a container that another one waits for is refused", () => {
  const file = join(folder, "compose.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("profiles: [postgres, nodes]", "profiles: [postgres]"));
  expect(config(SETTINGS)).toMatchObject({ status: 0 });
  expect(ofProfile("nodes")).toMatchObject({ status: 1, stderr: expect.stringMatching(/depends on.*postgres/) });
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
