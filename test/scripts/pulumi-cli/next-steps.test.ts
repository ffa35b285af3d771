import { expect, test } from "@jest/globals";
import { type NextSteps, nextStepLines } from "../../../scripts/pulumi-cli/next-steps.ts";

const step: NextSteps = {
  stack: "prod",
  tokenFile: "/srv/site/.data/prod/tunnel-token",
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
