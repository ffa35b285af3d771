/** The types of the installed SDK, read from its declarations: what the tables of names must be complete against. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export type SdkType =
  | "string"
  | "number"
  | "boolean"
  | "any"
  | { readonly list: SdkType }
  /** Keys are data. */
  | { readonly record: SdkType }
  | { readonly object: Readonly<Record<string, { readonly type: SdkType; readonly required: boolean }>> };

const root = dirname(createRequire(import.meta.url).resolve("@pulumi/cloudflare/package.json"));
const inputs = readFileSync(join(root, "types/input.d.ts"), "utf8");

/** An interface of the SDK's inputs, e.g. "RulesetRule". */
export function sdkInput(name: string): SdkType {
  return interfaceIn(inputs, name);
}

/** The arguments of a resource, e.g. "dnsRecord" for `DnsRecordArgs`. */
export function sdkResource(file: string): SdkType {
  const name = `${file.charAt(0).toUpperCase()}${file.slice(1)}Args`;
  return interfaceIn(readFileSync(join(root, `${file}.d.ts`), "utf8"), name);
}

function interfaceIn(text: string, name: string): SdkType {
  const start = text.indexOf(`export interface ${name} {`);
  if (start < 0) throw new Error(`the SDK has no interface ${name}`);
  const body = text
    .slice(text.indexOf("{", start) + 1, text.indexOf("\n}", start))
    .replaceAll(/\/\*\*.*?\*\//gs, "")
    .replaceAll(/\{\s+\[key: string\]: (.*?);\s+\}/g, "{ [key: string]: $1 }");
  const members = [...body.matchAll(/^ {4}(\w+)(\??): (.*);$/gm)];
  return {
    object: Object.fromEntries(
      members.map(([, member = "", optional, type = ""]) => [
        member,
        { type: typeOf(type), required: optional === "" },
      ]),
    ),
  };
}

function typeOf(text: string): SdkType {
  const plain = text.trim().replace(/ \| undefined$/, "");
  const [, wrapped] = /^pulumi\.Input<(.*)>$/.exec(plain) ?? [];
  if (wrapped !== undefined && isWhole(wrapped)) return typeOf(wrapped);
  if (plain.endsWith("[]")) return { list: typeOf(plain.slice(0, -2)) };
  const [, values] = /^\{ \[key: string\]: (.*) \}$/.exec(plain) ?? [];
  if (values !== undefined) return { record: typeOf(values) };
  if (plain.startsWith("inputs.")) return sdkInput(plain.slice("inputs.".length));
  if (plain === "string" || plain === "number" || plain === "boolean" || plain === "any") return plain;
  throw new Error(`the test does not read the type ${plain}`);
}

/** Whether the brackets close in order: `A>[] | pulumi.Input<B` is no single type. */
function isWhole(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === "<") depth += 1;
    if (character === ">") depth -= 1;
    if (depth < 0) return false;
  }
  return true;
}

/** Every path to a member, e.g. `edgeTtl.statusCodeTtls.value`; lists and free keys add no step. */
export function pathsOf(type: SdkType, at = ""): string[] {
  if (typeof type === "string") return at === "" ? [] : [at];
  if ("list" in type) return pathsOf(type.list, at);
  if ("record" in type) return pathsOf(type.record, at);
  return Object.entries(type.object).flatMap(([name, member]) =>
    pathsOf(member.type, at === "" ? name : `${at}.${name}`),
  );
}
