// The arrows of the house, as a white list: what is not allowed here is forbidden. Each rule says why it exists.
const room = (path) => `^${path}`;
/** The language's front doors: all of it, and its regular expressions alone. */
const RULES = "^infra/rules/(regex/)?index\\.ts$";
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
      name: "language-knows-no-field",
      severity: "error",
      comment: "text to tree and back is the same for every schema",
      from: { path: room("infra/rules/language/") },
      to: { path: room("infra/rules/"), pathNot: room("infra/rules/(language/|bytes\\.ts|diagnostic\\.ts)") },
    },
    {
      name: "schema-is-tables",
      severity: "error",
      comment:
        "fields, functions, phases and plans are looked up by every other part of the language, and look up none",
      from: { path: room("infra/rules/schema/") },
      to: { pathNot: room("infra/rules/schema/") },
    },
    {
      name: "checking-runs-nothing",
      severity: "error",
      comment: "what is wrong with an expression is known before any request",
      from: { path: room("infra/rules/check/") },
      to: { path: room("infra/rules/(evaluate|engine|lint|request)/") },
    },
    {
      name: "validating-runs-nothing",
      severity: "error",
      comment: "whether Cloudflare accepts a ruleset is read from tables and checked expressions, before any request",
      from: { path: room("infra/rules/ruleset/") },
      to: { path: room("infra/rules/(evaluate|engine|lint|request)/") },
    },
    {
      name: "policy-is-data",
      severity: "error",
      comment: "what the edge shall be is computed from the surface and the site, without I/O",
      from: { path: room("infra/policy/") },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"] },
    },
    {
      name: "origin-knows-no-cloudflare",
      severity: "error",
      comment: "the origin is the same behind any edge",
      from: { path: room("backend/") },
      to: { path: "node_modules/(@pulumi|cloudflare)/" },
    },
    {
      name: "values-are-plain",
      severity: "error",
      comment: "what a text, a name or a throttle is depends on no database, no service and no gateway",
      from: { path: room("backend/(text|throttle)/") },
      to: { path: room("backend/"), pathNot: `${room("backend/(text|throttle)/")}|^backend/surface[./]` },
    },
    {
      name: "store-serves-all",
      severity: "error",
      comment: "the store keeps what features give it; who asks is not its business",
      from: { path: room("backend/store/") },
      to: { path: room("backend/(gateway|mail|nodes|page|client|contract)/") },
    },
    {
      name: "gateway-asks-the-broker",
      severity: "error",
      comment: "what comes from outside reaches users, rooms and data through actions alone, where it is authorized",
      from: { path: room("backend/gateway/") },
      to: { path: room("backend/(auth|users|store|mail|chat/store)/") },
    },
    {
      name: "no-tools-at-run-time",
      severity: "error",
      comment: "what runs is installed without the packages for development",
      from: { path: room("(backend|infra|cloudflared)/") },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "surface-is-a-leaf",
      severity: "error",
      comment: "the surface is plain data that origin and edge share; it may not pull either of them in",
      from: { path: "^backend/surface[./]" },
      to: { path: ".", pathNot: "^backend/surface[./]" },
    },
    {
      name: "client-has-no-views",
      severity: "error",
      comment: "programs without a page use the client too: of the server it may import types alone",
      from: { path: "^backend/client/", pathNot: "^backend/client/node/" },
      to: { pathNot: "^backend/client/(?!node/)|/socket\\.io-client/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "client-for-node-is-alone",
      severity: "error",
      comment: "what a program on Node.js needs besides: Node.js itself, and of the server types alone",
      from: { path: "^backend/client/node/" },
      to: {
        pathNot: "^backend/client/|/socket\\.io-client/",
        dependencyTypesNot: ["type-only", "core"],
      },
    },
    {
      name: "client-imports-no-page",
      severity: "error",
      comment: "the client stands below the page, also in its types",
      from: { path: "^backend/client/" },
      to: { path: "^backend/page/" },
    },
    {
      name: "page-is-for-browsers",
      severity: "error",
      comment: "every visitor downloads what the page imports: the client, and types alone of the server",
      from: { path: "^backend/page/", pathNot: "^backend/page/index\\.ts$" },
      to: {
        pathNot: "^backend/page/|^backend/client/index\\.ts$|/socket\\.io-client/",
        dependencyTypesNot: ["type-only"],
      },
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
    { from: { path: room("infra/policy/") }, to: { path: `${room("infra/policy/")}|${RULES}|^backend/surface\\.ts$` } },
    // resources compile policy into Pulumi inputs
    {
      from: { path: room("infra/resources/") },
      to: { path: `${room("infra/resources/")}|^infra/policy/(index|without-rules)\\.ts$|${RULES}` },
    },
    // preflight reads the account; it needs to know what the program will create
    {
      from: { path: room("infra/preflight/") },
      to: {
        path: `${room("infra/preflight/")}|^infra/policy/(index|without-rules)\\.ts$|^infra/resources/compile\\.ts$|${RULES}`,
      },
    },
    // the program is a table of contents
    {
      from: { path: "^infra/(index|config|own-state|stories|policy-files)\\.ts$|^infra/main\\.mjs$" },
      to: {
        path: `^infra/(index|config|own-state|stories|policy-files)\\.ts$|^infra/(preflight|resources)/index\\.ts$|${room("infra/policy/")}|${RULES}`,
      },
    },
    // the Cloudflare on localhost runs the language; within it the API, the edge, the tunnel, the provider and the
    // console meet only through front doors (index.ts) and the API's state
    { from: { path: "^infra/local/([^/]+)/" }, to: { path: `^infra/local/$1/|${RULES}` } },
    {
      from: { path: "^infra/local/[^/]+/" },
      to: { path: "^infra/local/(api|tunnel|provider|edge|console)/index\\.ts$|^infra/local/api/state\\.ts$" },
    },
    // only the in-process engine may load the program
    {
      from: { path: room("infra/local/engine/") },
      to: { path: "^infra/(index|config)\\.ts$|^infra/main\\.mjs$" },
    },
    // the road starts a connector: ours or the real one
    {
      from: { path: room("cloudflared/") },
      to: { path: `${room("cloudflared/")}|^infra/local/tunnel/(index|connector)\\.ts$` },
    },
    // verbs open front doors; those for whoever runs the backend work on its store, in the words of its domain
    { from: { path: room("scripts/") }, to: { path: `${room("scripts/")}|^cloudflared/index\\.ts$` } },
    {
      from: { path: room("scripts/") },
      to: {
        path: "^infra/(config|stories|policy-files)\\.ts$|^infra/.+/index\\.ts$|^infra/preflight/for-commands\\.ts$|^infra/policy/without-rules\\.ts$",
      },
    },
    {
      from: { path: room("scripts/") },
      to: { path: "^backend/((config|main|surface)\\.ts$|(auth|users|text|throttle|store)/|page/index\\.ts$)" },
    },
    // proof opens what it proves
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
