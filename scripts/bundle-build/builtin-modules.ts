import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

const NAMESPACE = "builtin";

/**
 * Takes the modules of Node.js as CommonJS has them. Where an ES module imports one, Node.js reads all that it exports,
 * and so loads what is behind it: `node:http` alone loads the client for fetch and WebSockets, 45 ms of CPU at each
 * start (Node.js 26).
 */
export const builtinModules: Plugin = {
  name: "built-in modules",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
      if (kind !== "import-statement" || !isBuiltin(path)) return undefined;
      return { path: path.startsWith("node:") ? path : `node:${path}`, namespace: NAMESPACE };
    });
    build.onLoad({ filter: /^/, namespace: NAMESPACE }, ({ path }) => {
      return { contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});` };
    });
  },
};
