import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CODES, http } from "../../backend/surface.ts";
import { addToList } from "./add-to-list.ts";
import type { ProjectChanges } from "./changes.ts";
import { ARCHITECTURE, featurePaths } from "./feature-paths.ts";
import { formatTexts } from "./format.ts";
import { fillTemplate, nameRefusal, readName, type Spellings } from "./names.ts";
import { CUSTOM_RULES, LAST_RULE } from "./new-rule.ts";

/** A feature's files: each template and the path that it becomes, which `featurePaths` finds by the name. */
const FILES: Readonly<Record<string, string>> = {
  index: "backend/NAME-KEBAB/index.ts",
  surface: "backend/NAME-KEBAB/surface.ts",
  service: "backend/NAME-KEBAB/NAME-KEBAB.service.ts",
  store: "backend/NAME-KEBAB/store.ts",
  tables: "backend/NAME-KEBAB/tables.ts",
  migrations: "backend/NAME-KEBAB/migrations.ts",
  test: "test/backend/NAME-KEBAB/NAME-KEBAB.test.ts",
  samples: "test/backend/NAME-KEBAB/samples.ts",
  rule: `${CUSTOM_RULES}/NAME-KEBAB.ts`,
};

/** Services whose names are not those of folders. */
const SERVICES = ["presence", "housekeeping"];

/** A feature with three entries, a table, an event, an example of an edge rule, and tests. */
export function newFeature(root: string, name: string): ProjectChanges {
  const names = readName(name);
  const conflict = findConflict(root, names);
  if (conflict !== undefined) throw nameRefusal(name, `${conflict} exists already; choose another`);
  const template = (file: string) => readFileSync(new URL(`templates/feature/${file}.txt`, import.meta.url), "utf8");
  const added = Object.entries(FILES).map(
    ([file, path]) => [fillTemplate(path, names), fillTemplate(template(file), names)] as const,
  );
  const changed = Object.entries(EDITS)
    // a project may have removed this page
    .filter(([path]) => path !== ARCHITECTURE || existsSync(join(root, path)))
    .map(([path, edit]) => [path, edit(path, readFileSync(join(root, path), "utf8"), names)] as const);
  return { added: formatTexts(root, new Map(added)), changed: formatTexts(root, new Map(changed)) };
}

/** What has one of the new feature's names already: a service, a file, a path or a code; undefined for nothing. */
function findConflict(root: string, { kebab, snake }: Spellings): string | undefined {
  if (SERVICES.includes(kebab)) return `the service ${kebab}`;
  // also what is no feature: `featurePaths` must name the files of the new one and no others
  const [path] = featurePaths(root, kebab);
  if (path !== undefined) return path;
  const entry = http.find((one) => `${one.path}/`.startsWith(`/api/${kebab}/`));
  if (entry !== undefined) return `the path ${entry.path}`;
  const code = `${snake.toUpperCase()}_FULL`;
  return code in CODES ? `the code ${code}` : undefined;
}

type FileEdit = (path: string, text: string, names: Spellings) => string;

/** What names the features, and how a new one gets there. */
const EDITS: Readonly<Record<string, FileEdit>> = {
  "backend/features.ts": (path, text, { kebab, camel }) =>
    addToList(path, text, {
      list: "features",
      entry: `{ name: "${kebab}", surface: ${camel}Surface, load: () => import("./${kebab}/index.ts") }`,
      imports: { [`${camel}Surface`]: `./${kebab}/surface.ts` },
    }),
  [`${CUSTOM_RULES}/index.ts`]: (path, text, { kebab, camel }) =>
    addToList(path, text, {
      list: "customRules",
      entry: camel,
      imports: { [camel]: `./${kebab}.ts` },
      before: LAST_RULE,
    }),
  [ARCHITECTURE]: (_path, text, { kebab }) => {
    const listed = withRow(text, FOLDER_ROWS, [`\`backend/${kebab}/\``, "yours", "made by `npm run new`"]);
    return withRow(listed, IMPORT_ROWS, [`\`backend/${kebab}\``, "all but later features"]);
  },
};

/** The rows of features that come with the kit, in the table of folders and in that of what may import what. */
const FOLDER_ROWS = /^\| `backend\/(?:users|auth|chat)\/` .*\n/gm;
const IMPORT_ROWS = /^\| `backend\/(?:users|auth|chat)` .*\n/gm;

/** Adds a row after the last one of these. */
function withRow(text: string, rows: RegExp, cells: readonly string[]): string {
  const last = [...text.matchAll(rows)].at(-1);
  if (last === undefined) return text;
  const end = last.index + last[0].length;
  return `${text.slice(0, end)}| ${cells.join(" | ")} |\n${text.slice(end)}`;
}
