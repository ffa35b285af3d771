import type { Plugin } from "esbuild";

/** A module whose functions load the package when the first one is called. */
const lateFunctions = (path: string, ...names: readonly string[]): string =>
  names.map((name) => `export const ${name} = (...args) => require("${path}").${name}(...args);`).join("\n");

/** A module that is a function, which loads the package when it is called. */
const lateFunction = (path: string): string => `module.exports = (...args) => require("${path}")(...args);`;

/** A module that is an object, which loads the package when a name is read. */
const lateObject = (path: string): string => `new Proxy({}, { get: (_, name) => require("${path}")[name] });`;

/**
 * Packages that most backends never use, and what stands for them until they are used: clients of PostgreSQL, NATS and
 * mail servers, and what Moleculer's packages load for settings that this backend does not have. An import of another
 * name than these fails the build; the objects `pg` and `args` have all names.
 */
export const LATE_PACKAGES: Readonly<Record<string, string>> = {
  pg: `export default ${lateObject("pg")}`,
  nats: lateFunctions("nats", "connect", "credsAuthenticator"),
  nodemailer: lateFunctions("nodemailer", "createTransport"),
  glob: lateFunctions("glob", "globSync"),
  "body-parser": lateFunctions("body-parser", "json", "raw", "text", "urlencoded"),
  args: `module.exports = ${lateObject("args")}`,
  accepts: lateFunction("accepts"),
  "serve-static": lateFunction("serve-static"),
};

const NAMESPACE = "late";

/** Runs these packages when they are used, and not when a bundle starts. */
export const latePackages: Plugin = {
  name: "late packages",
  setup(build) {
    const filter = new RegExp(`^(?:${Object.keys(LATE_PACKAGES).join("|")})$`);
    build.onResolve({ filter }, ({ path, namespace, resolveDir }) =>
      namespace === NAMESPACE ? undefined : { path, namespace: NAMESPACE, pluginData: resolveDir },
    );
    build.onLoad({ filter, namespace: NAMESPACE }, ({ path, pluginData }) => ({
      contents: LATE_PACKAGES[path] ?? "",
      resolveDir: pluginData,
    }));
  },
};
