import type { AgainRequest } from "../again-data.ts";
import { bytesOf, readable } from "./data.ts";

/** A request as a form has it: texts instead of bytes. */
export interface EditedRequest {
  readonly method: string;
  readonly target: string;
  /** `Name: value`, a header a line. */
  readonly headers: string;
  /** Undefined where the body is no text. */
  readonly body: string | undefined;
  /** Empty: as recorded. */
  readonly visitor: string;
}

/** A request as the form shows it. */
export function editedOf({ method, target, headers, body }: AgainRequest): EditedRequest {
  const lines = headers.map(lineOf).join("\n");
  return { method, target: readable(target), headers: lines, body: textOf(body), visitor: "" };
}

/** The request of a form. What was not edited is sent byte for byte. */
export function requestOf(edited: EditedRequest, original: AgainRequest): AgainRequest {
  const shown = editedOf(original);
  const known = new Map(original.headers.map((header) => [lineOf(header), header]));
  const lines = edited.headers.split("\n").filter((line) => line.trim() !== "");
  return {
    ...original,
    method: edited.method.trim(),
    target: edited.target === shown.target ? original.target : bytesOf(edited.target.trim()),
    headers: lines.map((line) => known.get(line) ?? headerOf(line)),
    body: edited.body === shown.body ? original.body : base64Of(edited.body ?? "", original.body),
    ...(edited.visitor !== "" && { visitor: edited.visitor }),
  };
}

const lineOf = ([name, value]: AgainRequest["headers"][number]): string => `${name}: ${readable(value)}`;

function headerOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(":");
  return colon < 0 ? [line.trim(), ""] : [line.slice(0, colon).trim(), bytesOf(line.slice(colon + 1).trim())];
}

/** A body as a text area has it: lines end with a line feed alone. Undefined where it is no UTF-8. */
function textOf(base64: string): string | undefined {
  const text = decoded(base64);
  return text?.replaceAll(/\r\n?/g, "\n");
}

function decoded(base64: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** An edited body. Where all lines of the original ended with CR LF, as in a form with files, those of this one do. */
function base64Of(text: string, original: string): string {
  const before = decoded(original) ?? "";
  const hasCrLf = before.includes("\r\n") && !/[^\r]\n/.test(before);
  return btoa(bytesOf(hasCrLf ? text.replaceAll("\n", "\r\n") : text));
}
