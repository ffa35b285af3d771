import { hasParameters } from "../../../backend/surface.ts";
import { and, contains, type ExpressionText, endsWith, not, or } from "../expression.ts";
import { anyOfPaths, isPlain, PATH } from "../paths.ts";
import type { PolicyRule, RuleContext } from "../rule.ts";
import { allPaths, type Surface } from "../surface.ts";

/**
 * Parts of paths that only scanners request from a Node.js origin. Few and certain: every entry takes characters of one
 * expression, and must never be part of a path of the surface. Compared in lower case.
 */
const CONTAINS = [
  "/.git",
  "/.env",
  "/.aws",
  "/.ssh",
  "/.svn",
  "/.vscode",
  "/wp-",
  "/wordpress",
  "/xmlrpc",
  "/phpmyadmin",
  "/cgi-bin",
  "/actuator",
  "/server-status",
  "/vendor/",
  "/node_modules",
  "/etc/passwd",
];
const ENDS = [".php", ".asp", ".aspx", ".jsp", ".cgi", ".sql", ".bak", ".ini", ".yml", ".yaml", ".pem", ".key"];

/** Paths of WordPress, of secrets and of backups: what a Node.js origin never has. */
export const scannerPaths = ({ surface }: RuleContext): PolicyRule => ({
  ref: "scanner_paths",
  description: "Block paths that only scanners ask for",
  when: isScannerPath(surface),
  action: "block",
  examples: {
    match: ["GET /.env", "GET /.git/config", "POST /wp-login.php", "GET /WordPress/readme.html", "GET /backup.SQL"],
    pass: [`GET ${surface.assets[0] ?? "/"}`, "GET /environment", "GET /blog/git"],
  },
});

/**
 * True for paths that scanners probe. An entry that a path of the surface meets is left out, and the value of a
 * parameter may be any: the surface wins.
 */
function isScannerPath(surface: Surface): ExpressionText {
  const own = allPaths(surface).map((path) => path.toLowerCase());
  // a path that normalization may rewrite could become anything, one of these included
  if (!own.every(isPlain)) return or();
  const path = `lower(${PATH})`;
  const isScanner = or(
    ...CONTAINS.filter((text) => !own.some((known) => known.includes(text))).map((text) => contains(path, text)),
    ...ENDS.filter((suffix) => !own.some((known) => known.endsWith(suffix))).map((suffix) => endsWith(path, suffix)),
  );
  const patterns = surface.http.map(({ path }) => path).filter(hasParameters);
  return patterns.length === 0 ? isScanner : and(isScanner, not(anyOfPaths(patterns)));
}
