import { resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { openWorkspace } from "../../../scripts/pulumi-cli/workspace.ts";

test("a secret that begins with a hyphen is set as it is: it is no argument of the CLI", async () => {
  const workspace = openWorkspace({
    pulumi: process.env.PULUMI_BIN ?? "pulumi",
    root: resolve(import.meta.dirname, "../../.."),
    files: { "Pulumi.yaml": "name: secrets\nruntime: nodejs\n" },
  });
  try {
    expect(await workspace.run("stack", "init", "dev")).toMatchObject({ code: 0 });
    expect(await workspace.setSecret("token", "-88NErQbTDisy12H")).toMatchObject({ code: 0 });
    const { code, text } = await workspace.run("config", "get", "token");
    expect([code, text.trim()]).toEqual([0, "-88NErQbTDisy12H"]);
  } finally {
    workspace.remove();
  }
});
