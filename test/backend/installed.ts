import { readFileSync } from "node:fs";

/** Version of an installed package, for tests of what is private to it. */
export function installedVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")) as { version: string };
  return version;
}

/** The major version of Node.js. */
export const NODE_MAJOR = Number(process.versions.node.split(".")[0]);
