import { expect, test } from "@jest/globals";
import { type NextSteps, nextStepLines } from "../../../scripts/pulumi-cli/next-steps.ts";

const step: NextSteps = {
  stack: "prod",
  tokenFile: "/srv/site/.data/prod/tunnel-token",
  role: "owner",
  origin: "http://127.0.0.1:3000",
  hostnames: ["chat.example.com", "team.example.com"],
  before: {},
  dataDir: undefined,
};

test("O6: the backend's command is complete, with the origins of all hostnames", () => {
  const lines = nextStepLines(step);
  expect(lines).toContain("  ORIGINS=https://chat.example.com,https://team.example.com npm run backend");
  expect(lines).toContain("  TUNNEL_TOKEN_FILE=/srv/site/.data/prod/tunnel-token npm run connector");
  expect(lines.join()).not.toContain("Restart");
});

test("O6: after a hostname is added, the backend must restart; after an up without one, not", () => {
  const added = nextStepLines({ ...step, before: { hostnames: ["chat.example.com"] } }).join("\n");
  expect(added).toMatch(/New: team\.example\.com\. Restart the backend: until then/);
  expect(added).toContain("  ORIGINS=https://chat.example.com,https://team.example.com npm run backend");
  expect(nextStepLines({ ...step, before: { hostnames: step.hostnames } }).join()).not.toContain("Restart");
});

test("folders are quoted for the shell", () => {
  const lines = nextStepLines({ ...step, dataDir: "/srv/it's here", tokenFile: "/srv/it's here/t" }).join("\n");
  expect(lines).toContain("DATA_DIR='/srv/it'\\''s here' ORIGINS=");
  expect(lines).toContain("TUNNEL_TOKEN_FILE='/srv/it'\\''s here/t' npm run connector");
});

test("two stacks on one machine: a guest's backend has a folder of its own, and the port of its origin", () => {
  const guest = { ...step, role: "guest", tokenFile: "/srv/site/.data/staging/tunnel-token" } as const;
  const lines = nextStepLines({ ...guest, origin: "http://127.0.0.1:3010", hostnames: ["staging.example.com"] });
  expect(lines).toContain(
    "  DATA_DIR=/srv/site/.data/staging PORT=3010 ORIGINS=https://staging.example.com npm run backend",
  );
  const elsewhere = nextStepLines({ ...step, origin: "http://backend.example.net:3001" }).join();
  expect([elsewhere.includes("PORT="), elsewhere.includes("DATA_DIR=")]).toEqual([false, false]);
});

test("where the token was not written, nothing is started on this machine", () => {
  const elsewhere = { ...step, tokenFile: undefined, before: { hostnames: ["chat.example.com"] } };
  expect(nextStepLines(elsewhere)).toEqual([
    expect.stringContaining("`pulumi stack output tunnelToken --show-secrets --stack prod`"),
    expect.stringMatching(/^New: team\.example\.com\. Restart the backend: /),
    "Its variables: ORIGINS=https://chat.example.com,https://team.example.com",
    expect.stringContaining("npm run drift"),
  ]);
});

test("where administrators come through Access, the backend's command has the team and the audience", () => {
  const backendAccess = { team: "example", audience: "a".repeat(64) };
  const variables = `ACCESS_TEAM=example ACCESS_AUDIENCE=${"a".repeat(64)} ORIGINS=https://chat.example.com,`;
  const first = nextStepLines({ ...step, backendAccess });
  expect(first.filter((line) => line.startsWith(`  ${variables}`))).toHaveLength(1);
  expect(first.join()).not.toContain("Restart");
  const { hostnames } = step;
  const reasonOf = (more: Partial<NextSteps>) => nextStepLines({ ...step, ...more }).find((line) => /^New:/.test(line));
  expect(reasonOf({ backendAccess, before: { hostnames, backendAccess } })).toBeUndefined();
  expect(reasonOf({ backendAccess, before: { hostnames } })).toMatch(/^New: administrators come through .*Restart/);
  const other = { ...backendAccess, audience: "b".repeat(64) };
  expect(reasonOf({ backendAccess, before: { hostnames, backendAccess: other } })).toMatch(/with another audience/);
  expect(reasonOf({ before: { hostnames, backendAccess } })).toMatch(/do not come through Cloudflare Access any more/);
  const elsewhere = nextStepLines({ ...step, backendAccess, tokenFile: undefined, before: { hostnames } });
  expect(elsewhere).toContainEqual(expect.stringContaining(variables));
});
