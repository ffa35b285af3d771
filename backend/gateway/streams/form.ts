import { refuse } from "../../contract/index.ts";
import type { Bounded } from "../../surface/grammar.ts";
import type { FormBody, FormFile } from "../../surface/stream-grammar.ts";
import { readText } from "../http/query.ts";
import { type FormPart, readParts } from "./multipart.ts";

/** The fields and files of a form that its entry declares. */
export interface Form {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly files: readonly FormFile[];
  /** The contents of the files, in their order. */
  readonly contents: readonly Buffer[];
}

/** Maximum characters of a file's name that actions get. */
const MAX_FILE_NAME_LENGTH = 255;

/** Maximum number of parts of a form. */
export function maxPartsOf({ fields, files }: FormBody): number {
  const items = (schema: Bounded) => ("maxItems" in schema && schema.maxItems !== undefined ? schema.maxItems : 1);
  return (
    Object.values(fields).reduce((sum, schema) => sum + items(schema), 0) +
    Object.values(files).reduce((sum, { max }) => sum + max, 0)
  );
}

/**
 * Reads a form. Throws a refusal for a name that is not declared (`__proto__` is none), for a second value of a field
 * that is no list, for more or larger files than are declared, and for files of another media type. The values are
 * checked against their schemas afterwards, together with the parameters of the path.
 */
export function readForm(body: Buffer, boundary: string, declared: FormBody): Form {
  const fields = new Map<string, unknown>();
  const files: FormFile[] = [];
  const contents: Buffer[] = [];
  for (const part of readParts(body, boundary, maxPartsOf(declared))) {
    if (Object.hasOwn(declared.files, part.name)) {
      if (part.data.length === 0 && part.fileName === "") continue; // the user has chosen no file
      files.push(fileOf(part, declared, files));
      contents.push(part.data);
    } else if (Object.hasOwn(declared.fields, part.name)) addField(fields, part, declared);
    else throw refuse("VALIDATION", { field: part.name });
  }
  return { fields: Object.fromEntries(fields), files, contents };
}

function fileOf(part: FormPart, { files: declared }: FormBody, before: readonly FormFile[]): FormFile {
  const { name: field, fileName = "", type = "application/octet-stream", data } = part;
  const limits = declared[field];
  if (!limits || before.filter((file) => file.field === field).length >= limits.max) {
    throw refuse("VALIDATION", { field });
  }
  if (data.length > limits.bytes) throw refuse("PAYLOAD_TOO_LARGE", { field });
  if (!limits.types.includes(type)) throw refuse("UNSUPPORTED_MEDIA_TYPE", { field });
  return { field, name: plainName(fileName), type, bytes: data.length };
}

/** The name of a file without folders and without invisible characters. */
function plainName(fileName: string): string {
  const [name = ""] = fileName.split(/[/\\]/).slice(-1);
  const shown = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "");
  return [...(shown === "." || shown === ".." ? "" : shown)].slice(0, MAX_FILE_NAME_LENGTH).join("");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function addField(fields: Map<string, unknown>, { name, fileName, type, data }: FormPart, declared: FormBody): void {
  const schema = declared.fields[name];
  if (!schema || fileName !== undefined || (type !== undefined && type !== "text/plain")) {
    throw refuse("VALIDATION", { field: name });
  }
  const text = textOf(data, name);
  if ("type" in schema && schema.type === "array" && "items" in schema) {
    const items = fields.get(name) as unknown[] | undefined;
    if (items) items.push(readText(text, schema.items));
    else fields.set(name, [readText(text, schema.items)]);
    return;
  }
  if (fields.has(name)) throw refuse("VALIDATION", { field: name });
  fields.set(name, readText(text, schema));
}

function textOf(data: Buffer, field: string): string {
  try {
    return utf8.decode(data);
  } catch {
    throw refuse("VALIDATION", { field });
  }
}
