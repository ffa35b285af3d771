// Which folder may import which. What is not allowed here is forbidden. Each rule says why it exists.
import { readFileSync } from "node:fs";

const folder = (path) => `^${path}`;
const anyOf = (...patterns) => patterns.join("|");
/** What others may import of the Rules language: all of it, or its regular expressions alone. */
const RULES = "^infra/rules/(regex/)?index\\.ts$";
/** The Pulumi program, and what reads its configuration. */
const PROGRAM =
  "^infra/(index|((access|service)-)?config|config-syntax|site-config|own-state|stories|policy-files)\\.ts$";
/** What is public: plain data, which every part may read. */
const SURFACE = "^backend/(surface/|surface\\.ts$|features\\.ts$|[^/]+/(surface|shapes|constants)\\.ts$)";
/**
 * The folders of the features, in the order of the list. The list is read as text: this file also runs on a Node.js
 * that cannot import TypeScript.
 */
const features = [
  ...readFileSync(new URL("./backend/features.ts", import.meta.url), "utf8").matchAll(
    /^[^/\n]*import\("\.\/([\w-]+)\/index\.ts"\)/gm,
  ),
].map(([, name]) => name);
if (features.length === 0) throw new Error("backend/features.ts loads no feature's index.ts: the rules need the names");
const FEATURES = `(${features.join("|")})`;
const packages = { dependencyTypes: ["npm", "npm-dev", "npm-optional", "core"] };

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment: "files that import each other cannot be understood one by one; move what both need into a third",
      from: {},
      // the list of features imports a feature when the backend starts, and not before
      to: { circular: true, viaOnly: { dependencyTypesNot: ["dynamic-import"] } },
    },
    {
      name: "no-cycles-of-folders",
      severity: "error",
      comment: "two folders that import each other are one folder; move what both need into a folder below them",
      scope: "folder",
      from: { pathNot: "^test(/|$)" },
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
      from: { path: folder("infra/rules/") },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"] },
    },
    {
      name: "language-knows-no-field",
      severity: "error",
      comment: "text to tree and back is the same for every schema",
      from: { path: folder("infra/rules/language/") },
      to: { path: folder("infra/rules/"), pathNot: folder("infra/rules/(language/|bytes\\.ts|diagnostic\\.ts)") },
    },
    {
      name: "schema-is-tables",
      severity: "error",
      comment:
        "fields, functions, phases and plans are looked up by every other part of the language, and look up none",
      from: { path: folder("infra/rules/schema/") },
      to: { pathNot: folder("infra/rules/schema/") },
    },
    {
      name: "checking-runs-nothing",
      severity: "error",
      comment: "what is wrong with an expression is known before any request",
      from: { path: folder("infra/rules/check/") },
      to: { path: folder("infra/rules/(evaluate|engine|lint|request)/") },
    },
    {
      name: "validating-runs-nothing",
      severity: "error",
      comment: "whether Cloudflare accepts a ruleset is read from tables and checked expressions, before any request",
      from: { path: folder("infra/rules/ruleset/") },
      to: { path: folder("infra/rules/(evaluate|engine|lint|request)/") },
    },
    {
      name: "policy-is-data",
      severity: "error",
      comment: "what the edge shall be is computed from the surface and the site, without I/O",
      from: { path: folder("infra/policy/") },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"] },
    },
    {
      name: "origin-knows-no-cloudflare",
      severity: "error",
      comment: "the origin is the same behind any edge",
      from: { path: folder("backend/") },
      to: { path: "node_modules/(@pulumi|cloudflare)/" },
    },
    {
      name: "assertions-are-a-leaf",
      severity: "error",
      comment: "the check of assertions serves the gateway and the connector, and knows neither of them",
      from: { path: folder("backend/assertions/") },
      to: { path: ".", pathNot: `${folder("backend/assertions/")}|node_modules/jose/` },
    },
    {
      name: "values-are-plain",
      severity: "error",
      comment: "what a text, a name or a throttle is depends on no database, no service and no gateway",
      from: { path: folder("backend/(text|throttle)/") },
      to: { path: folder("backend/"), pathNot: `${folder("backend/(text|throttle)/")}|${SURFACE}` },
    },
    {
      name: "store-serves-all",
      severity: "error",
      comment: "the store keeps what features give it, and does not depend on who asks",
      from: { path: folder("backend/store/") },
      to: { path: "^backend/[^/]+/", pathNot: `${folder("backend/(store|text|throttle)/")}|${SURFACE}` },
    },
    {
      name: "kit-knows-no-feature",
      severity: "error",
      comment: "gateway, store, mail and the rest serve any list of features: features.ts alone names them",
      // the client and the page are written for features: rules below say what they may import
      from: { path: "^backend/", pathNot: `^backend/(features\\.ts$|(client|page)/|${FEATURES}/)` },
      to: { path: folder(`backend/${FEATURES}/`) },
    },
    ...features.slice(0, -1).map((name, index) => ({
      name: `${name}-imports-no-later-feature`,
      severity: "error",
      comment: "a feature uses those before it in backend/features.ts, so that the later ones can be removed",
      from: { path: folder(`backend/${name}/`) },
      to: { path: folder(`backend/(${features.slice(index + 1).join("|")})/`) },
    })),
    ...features.map((name) => ({
      name: `${name}-has-one-index`,
      severity: "error",
      comment: "what a feature is made of may change: others import its index.ts, and what it declares",
      from: { path: folder("(backend|infra|scripts|cloudflared)/"), pathNot: folder(`backend/${name}/`) },
      to: { path: folder(`backend/${name}/`), pathNot: `^backend/${name}/(index|surface|shapes|constants)\\.ts$` },
    })),
    {
      name: "gateway-calls-actions",
      severity: "error",
      comment: "requests of clients reach features and data through actions alone, which authorize the caller",
      from: { path: folder("backend/gateway/") },
      to: { path: folder("backend/(store|mail)/") },
    },
    {
      name: "start-is-on-top",
      severity: "error",
      comment: "these files put the folders together, and no folder depends on how",
      from: { path: "^backend/[^/]+/" },
      to: { path: "^backend/(main|modules|broker|foundation)\\.ts$" },
    },
    {
      name: "configuration-has-no-circle",
      severity: "error",
      comment: "the configuration is made of what these folders can be told; they take their part as a parameter",
      from: { path: folder("backend/(mail|nodes|text|throttle|store|contract)/") },
      to: { path: "^backend/config\\.ts$" },
    },
    {
      name: "gateway-has-one-index",
      severity: "error",
      comment: "what the gateway is made of may change; other folders import backend/gateway/index.ts",
      from: {
        path: folder("(backend|infra|scripts|cloudflared)/|^test/(bench|backend/[^/]+$)"),
        pathNot: "^backend/gateway/",
      },
      to: { path: "^backend/gateway/", pathNot: "^backend/gateway/(index|surface)\\.ts$" },
    },
    {
      name: "no-tools-at-run-time",
      severity: "error",
      comment: "what runs is installed without the packages for development",
      from: { path: folder("(backend|infra|cloudflared)/") },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "surface-is-a-leaf",
      severity: "error",
      comment: "the surface is plain data that origin and edge share; it may not pull either of them in",
      from: { path: SURFACE },
      to: { path: ".", pathNot: SURFACE, dependencyTypesNot: ["dynamic-import"] },
    },
    {
      name: "surface-knows-no-feature",
      severity: "error",
      comment: "the words of a surface are the same for every feature, and for one that is written tomorrow",
      from: { path: folder("backend/surface/") },
      to: { path: ".", pathNot: folder("backend/surface/") },
    },
    {
      name: "surface-of-a-feature-is-cheap",
      severity: "error",
      comment: "what a feature declares needs the words for it, and what other features declare",
      from: { path: "^backend/[^/]+/(surface|shapes|constants)\\.ts$" },
      to: { path: "^backend/(surface|features)\\.ts$" },
    },
    {
      name: "client-has-no-views",
      severity: "error",
      comment:
        "programs without a page use the client too: of the server it may import how paths are filled, and types",
      from: { path: "^backend/client/", pathNot: "^backend/client/node/" },
      to: {
        pathNot: "^backend/client/(?!node/)|/socket\\.io-client/",
        dependencyTypesNot: ["type-only"],
      },
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
      name: "client-knows-no-feature",
      severity: "error",
      comment: "sign-in and calls are the same for every feature; the state of a feature is in a folder of its own",
      from: { path: "^backend/client/([^/]+\\.ts$|node/)" },
      to: {
        path: "^backend/",
        pathNot: "^backend/(client/([^/]+\\.ts$|node/)|(auth|users)/shapes\\.ts$|contract/|surface\\.ts$)",
      },
    },
    {
      name: "client-imports-no-page",
      severity: "error",
      comment: "the page uses the client, and not the other way round, also in its types",
      from: { path: "^backend/client/" },
      to: { path: "^backend/page/" },
    },
    {
      name: "page-is-for-browsers",
      severity: "error",
      comment:
        "every visitor downloads what the page imports: the client, whose index.ts has the server's types, and values",
      from: { path: "^backend/page/", pathNot: "^backend/page/index\\.ts$" },
      to: {
        pathNot: anyOf(
          "^backend/page/",
          "^backend/client/(?!node/)[^/]*/?index\\.ts$",
          "^backend/(surface/roles|[^/]+/constants)\\.ts$",
          "/socket\\.io-client/",
        ),
      },
    },
    {
      name: "console-page-is-for-browsers",
      severity: "error",
      comment: "the page of the console runs in a browser: of the program it may import types",
      from: { path: "^infra/local/console/page/" },
      to: { pathNot: "^infra/local/console/page/|/preact/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "page-knows-no-feature",
      severity: "error",
      comment: "a feature's part of the page is a folder; only the list of parts imports it",
      from: { path: "^backend/page/[^/]+\\.ts$", pathNot: "^backend/page/parts\\.ts$" },
      to: { path: "^backend/(page|client)/[^/]+/" },
    },
  ],
  allowedSeverity: "error",
  allowed: [
    // packages and Node itself (narrowed by the forbidden rules above)
    { from: {}, to: packages },
    // the origin knows only itself; it knows nothing of Cloudflare's API
    { from: { path: folder("backend/") }, to: { path: folder("backend/") } },
    // the Rules language imports nothing else
    { from: { path: folder("infra/rules/") }, to: { path: folder("infra/rules/") } },
    // policy says what the edge shall be: from the surface, in the language; I/O-free
    {
      from: { path: folder("infra/policy/") },
      to: { path: `${folder("infra/policy/")}|${RULES}|^backend/surface\\.ts$` },
    },
    // resources compile policy into Pulumi inputs
    {
      from: { path: folder("infra/resources/") },
      to: { path: `${folder("infra/resources/")}|^infra/policy/(index|without-rules)\\.ts$|${RULES}` },
    },
    // preflight reads the account; it needs to know what the program will create
    {
      from: { path: folder("infra/preflight/") },
      to: {
        path: anyOf(
          folder("infra/preflight/"),
          "^infra/policy/(index|without-rules)\\.ts$",
          "^infra/resources/compile\\.ts$",
          RULES,
        ),
      },
    },
    // the Pulumi program puts policy, resources and preflight together
    {
      from: { path: anyOf(PROGRAM, "^infra/main\\.mjs$") },
      to: {
        path: anyOf(PROGRAM, "^infra/(preflight|resources)/index\\.ts$", folder("infra/policy/"), RULES),
      },
    },
    // the Cloudflare on localhost runs the Rules language; within it Access, the API, the edge, the tunnel, the
    // provider and the console import only each other's index.ts, and what the API keeps
    { from: { path: "^infra/local/([^/]+)/" }, to: { path: `^infra/local/$1/|${RULES}` } },
    {
      from: { path: "^infra/local/[^/]+/" },
      to: { path: "^infra/local/((access|api|tunnel|provider|edge|console)/index|api/(access/index|state))\\.ts$" },
    },
    // our own connector checks the assertions that the gateway checks
    { from: { path: "^infra/local/tunnel/connector/" }, to: { path: "^backend/assertions/index\\.ts$" } },
    // only the in-process engine may load the program
    {
      from: { path: folder("infra/local/engine/") },
      to: { path: "^infra/(index|config)\\.ts$|^infra/main\\.mjs$" },
    },
    // the connector may be ours, where cloudflared is not installed
    {
      from: { path: folder("cloudflared/") },
      to: { path: `${folder("cloudflared/")}|^infra/local/tunnel/(connector/)?index\\.ts$` },
    },
    // commands import index.ts files; those for the operator of the backend also work on its store
    { from: { path: folder("scripts/") }, to: { path: `${folder("scripts/")}|^cloudflared/index\\.ts$` } },
    {
      from: { path: folder("scripts/") },
      to: {
        path: anyOf(
          "^infra/(config|service-config|site-config|stories|policy-files)\\.ts$",
          "^infra/.+/index\\.ts$",
          "^infra/preflight/(for-commands|printable)\\.ts$",
          "^infra/policy/without-rules\\.ts$",
        ),
      },
    },
    {
      from: { path: folder("scripts/") },
      to: {
        path: anyOf(
          "^backend/(config|main|modules|surface)\\.ts$",
          folder("backend/(text|throttle|store)/"),
          `^backend/(page|${FEATURES})/index\\.ts$`,
        ),
      },
    },
    // tests may import all files
    { from: { path: folder("test/") }, to: { path: folder("(backend|infra|cloudflared|scripts|test)/") } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(coverage|\\.data[^/]*)/" },
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
