import { expect, test } from "@jest/globals";
import { type NextSteps, nextStepLines } from "../../../scripts/pulumi-cli/next-steps.ts";

const step: NextSteps = {
  stack: "prod",
  tokenFile: "/srv/site/.data/prod/tunnel-token",
  role: "owner",
  origin: "http://127.0.0.1:3000",
  hostnames: ["chat.example.com", "team.example.com"],
  hostnamesBefore: undefined,
  dataDir: undefined,
};

test("O6: the backend's command is complete, with the origins of all hostnames", () => {
  const lines = nextStepLines(step);
  expect(lines).toContain("  ORIGINS=https://chat.example.com,https://team.example.com npm run backend");
  expect(lines).toContain("  TUNNEL_TOKEN_FILE=/srv/site/.data/prod/tunnel-token npm run connector");
  expect(lines.join()).not.toContain("Restart");
});

test("O6: after a hostname is added, the backend must restart; after an up without one, not", () => {
  const added = nextStepLines({ ...step, hostnamesBefore: ["chat.example.com"] }).join("\n");
  expect(added).toMatch(/New: team\.example\.com\. Restart the backend with the new ORIGINS/);
  expect(added).toContain("  ORIGINS=https://chat.example.com,https://team.example.com npm run backend");
  expect(nextStepLines({ ...step, hostnamesBefore: step.hostnames }).join()).not.toContain("Restart");
});

test("folders are quoted for the shell", () => {
  const lines = nextStepLines({ ...step, dataDir: "/srv/it's here", tokenFile: "/srv/it's here/t" }).join("\n");
  expect(lines).toContain("DATA_DIR='/srv/it'\\''s here' ORIGINS=");
  expect(lines).toContain("TUNNEL_TOKEN_FILE='/srv/it'\\''s here/t' npm run connector");
});

test("two stacks on one machine: a guest's backend has a folder of its own, and the port of its origin", () => {
  const guest = { ...step, role: "guest", tokenFile: "/srv/site/.data/staging/tunnel-token" } as const;
  const lines = nextStepLines({ ...guest, origin: "http://127.0.0.1:3001", hostnames: ["staging.example.com"] });
  expect(lines).toContain(
    "  DATA_DIR=/srv/site/.data/staging PORT=3001 ORIGINS=https://staging.example.com npm run backend",
  );
  const elsewhere = nextStepLines({ ...step, origin: "http://backend.example.net:3001" }).join();
  expect([elsewhere.includes("PORT="), elsewhere.includes("DATA_DIR=")]).toEqual([false, false]);
});

test("where the token was not written, nothing is started on this machine", () => {
  const elsewhere = { ...step, tokenFile: undefined, hostnamesBefore: ["chat.example.com"] };
  expect(nextStepLines(elsewhere)).toEqual([
    expect.stringContaining("`pulumi stack output tunnelToken --show-secrets --stack prod`"),
    expect.stringMatching(
      /^New: team\.example\.com\. Restart the backend with ORIGINS=https:\/\/chat\..*,https:\/\/team\./,
    ),
    expect.stringContaining("npm run drift"),
  ]);
});
