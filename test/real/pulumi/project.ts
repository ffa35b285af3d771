/** The project's own program for the real CLI, in a workspace of its own against an API of its own. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type ApiOptions, type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { startProviderServer } from "../../../infra/local/provider/grpc/index.ts";
import { openWorkspace, type Workspace } from "../../../scripts/pulumi-cli/workspace.ts";

const root = resolve(import.meta.dirname, "../../..");

export const config = {
  "causeway:zone": "example.com",
  "causeway:hostnames": ["chat.example.com"],
  "causeway:origin": "http://127.0.0.1:3000",
};

export interface Project {
  readonly api: LocalApi;
  readonly workspace: Workspace;
  close(): Promise<void>;
}

/** Stacks by name, each with its configuration; the files are written before the stacks are made. */
export async function openProject(
  stacks: Readonly<Record<string, object>>,
  seed?: ApiOptions["seed"],
): Promise<Project> {
  const api = await startApi({ seed: seed ?? { zones: [{ name: "example.com" }] } });
  const provider = await startProviderServer({ apiToken: api.token, baseURL: api.url });
  const files = Object.entries(stacks).map(([name, values]) => [
    `Pulumi.${name}.yaml`,
    JSON.stringify({ config: values }),
  ]);
  const workspace = openWorkspace({
    pulumi: process.env.PULUMI_BIN ?? "pulumi",
    root,
    links: ["infra", "backend", "package.json"],
    files: { "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"), ...Object.fromEntries(files) },
    environment: {
      PULUMI_DEBUG_PROVIDERS: provider.debugProviders,
      CLOUDFLARE_API_TOKEN: api.token,
      CLOUDFLARE_BASE_URL: api.url,
    },
  });
  for (const name of Object.keys(stacks)) {
    const { code, text } = await workspace.run("stack", "init", name);
    if (code !== 0) throw new Error(text);
  }
  return {
    api,
    // a command that deletes what it has just written fails the test
    workspace: { ...workspace, run: (...args) => api.run(args.join(" "), () => workspace.run(...args)) },
    async close() {
      workspace.remove();
      await provider.close();
      await api.close();
    },
  };
}
