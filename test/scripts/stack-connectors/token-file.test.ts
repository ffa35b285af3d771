import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import {
  removeSecretFiles,
  serviceTokenFile,
  writeSecretFile,
  writeTokenFile,
} from "../../../scripts/stack-connectors/token-file.ts";

test("the secrets of a stack that is gone are removed, and nothing else of its folder", () => {
  const root = mkdtempSync(join(tmpdir(), "causeway-token-file-"));
  try {
    const folder = join(root, "prod");
    removeSecretFiles(folder);
    writeTokenFile(folder, "token");
    for (const name of ["ci", "deploy"]) writeSecretFile(folder, serviceTokenFile(folder, name), "secret");
    writeFileSync(join(folder, "chat.db"), "");
    mkdirSync(join(folder, "service-token-notes"));
    removeSecretFiles(folder);
    expect(readdirSync(folder).sort()).toEqual(["chat.db", "service-token-notes"]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
