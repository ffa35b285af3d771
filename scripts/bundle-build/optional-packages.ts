import { sep } from "node:path";
import type { Plugin } from "esbuild";

/** Set on the look-up that the plugin makes itself, which it must not see again. */
const OWN_LOOKUP = "looked up by optionalPackages";

/**
 * Leaves out what a package can use and what is not installed, such as the drivers of Moleculer's other transporters.
 * The program then finds it as little as without a bundle. What code of the project imports must be there.
 */
export const optionalPackages: Plugin = {
  name: "optional packages",
  setup(build) {
    build.onResolve({ filter: /^[^./#]/ }, async ({ path, pluginData, importer, kind, namespace, resolveDir }) => {
      const isInPackage = importer.split(sep).includes("node_modules");
      if (!isInPackage || kind === "import-statement" || pluginData === OWN_LOOKUP) return undefined;
      const found = await build.resolve(path, { importer, kind, namespace, resolveDir, pluginData: OWN_LOOKUP });
      return found.errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};
