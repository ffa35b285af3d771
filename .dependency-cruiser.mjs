// The arrows of the house, as a white list: what is not allowed here is forbidden. Each rule says why it exists.
const room = (path) => `^${path}`;
const packages = { dependencyTypes: ["npm", "npm-dev", "npm-optional", "core"] };

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment: "a cycle means two rooms are one room; move what both need into the lower one",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans-of-npm",
      severity: "error",
      comment: "a package that package.json does not name may vanish with the next install",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "unresolvable",
      severity: "error",
      comment: "an import that leads nowhere fails at run time",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "rules-are-pure",
      severity: "error",
      comment: "the Rules language runs wherever JavaScript runs: no Node built-ins, no packages",
      from: { path: room("infra/rules/") },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"] },
    },
    {
      name: "surface-is-a-leaf",
      severity: "error",
      comment: "the surface is plain data that origin and edge share; it may not pull either of them in",
      from: { path: "^backend/surface[./]" },
      to: { path: ".", pathNot: "^backend/surface[./]" },
    },
    {
      name: "page-is-for-browsers",
      severity: "error",
      comment: "what the page imports is sent to everybody: of the server it may know types alone",
      from: { path: "^backend/web/", pathNot: "^backend/web/index\\.ts$" },
      to: { pathNot: "^backend/web/|/socket\\.io-client/", dependencyTypesNot: ["type-only"] },
    },
  ],
  allowedSeverity: "error",
  allowed: [
    // packages and Node itself (narrowed by the forbidden rules above)
    { from: {}, to: packages },
    // the origin knows only itself; it knows nothing of Cloudflare's API
    { from: { path: room("backend/") }, to: { path: room("backend/") } },
    // the language imports nobody
    { from: { path: room("infra/rules/") }, to: { path: room("infra/rules/") } },
    // policy says what the edge shall be: from the surface, in the language; I/O-free
    { from: { path: room("infra/policy/") }, to: { path: `${room("infra/(policy|rules)/")}|^backend/surface\\.ts$` } },
    // resources compile policy into Pulumi inputs
    {
      from: { path: room("infra/resources/") },
      to: { path: `${room("infra/(resources|policy|rules)/")}|^backend/surface\\.ts$` },
    },
    // preflight reads the account; it needs to know what the program will create
    { from: { path: room("infra/preflight/") }, to: { path: room("infra/(preflight|policy|resources)/") } },
    // the program is a table of contents
    {
      from: { path: "^infra/(index|config)\\.ts$|^infra/main\\.mjs$" },
      to: {
        path: `^infra/(index|config)\\.ts$|${room("infra/(preflight|policy|resources|rules)/")}|^backend/surface\\.ts$`,
      },
    },
    // the Cloudflare on localhost runs the language; within it the API, the edge, the tunnel, the provider and the console
    // meet only through front doors (index.ts) and the API's state
    { from: { path: "^infra/local/([^/]+)/" }, to: { path: "^infra/local/$1/|^infra/rules/" } },
    {
      from: { path: "^infra/local/[^/]+/" },
      to: { path: "^infra/local/(api|tunnel|provider|edge|console)/(index|state)\\.ts$" },
    },
    // only the in-process engine may load the program
    { from: { path: room("infra/local/engine/") }, to: { path: "^infra/(index|config)\\.ts$|^infra/main\\.mjs$" } },
    // the road starts a connector: ours or the real one
    {
      from: { path: room("cloudflared/") },
      to: { path: `${room("cloudflared/")}|^infra/local/tunnel/(index|connector)\\.ts$` },
    },
    // verbs and proof may open any front door
    { from: { path: room("scripts/") }, to: { path: room("(backend|infra|cloudflared|scripts)/") } },
    { from: { path: room("test/") }, to: { path: room("(backend|infra|cloudflared|scripts|test)/") } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(coverage|\\.data)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    moduleSystems: ["es6", "cjs"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};
