/**
 * Fields of the request's body: https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/ under
 * `http.request.body`. Nothing in them is decoded.
 */
import { lowerAscii } from "../match-wildcard.ts";
import type { Computer, Source } from "./computers.ts";
import { byName, header, type Pairs, queryPairs } from "./parts.ts";

/** The body; empty where the request has none, undefined where it has one that was not read. */
function body({ facts }: Source): string | undefined {
  if (facts.body !== undefined) return facts.body;
  const length = header(facts, "content-length");
  const none = header(facts, "transfer-encoding") === "" && (length === "" || Number(length) === 0);
  return none ? "" : undefined;
}

function mediaType({ facts }: Source): string {
  return lowerAscii(header(facts, "content-type").split(";", 1)[0]?.trim() ?? "");
}

/** The fields of a form; undefined where the content type is not a form's. */
function form(source: Source): Pairs | undefined {
  const text = body(source);
  if (text === undefined) return undefined;
  return queryPairs(mediaType(source) === "application/x-www-form-urlencoded" ? text : "");
}

interface MultipartPart {
  readonly names: readonly string[];
  readonly filenames: readonly string[];
  readonly types: readonly string[];
  readonly dispositions: readonly string[];
  readonly encodings: readonly string[];
  readonly value: string;
}

/** Parts that Cloudflare would not read all of either; what is beyond is left out. */
const MAX_PARTS = 1000;

/** RFC 7578 and RFC 2046 section 5.1. */
function multipart(source: Source): readonly MultipartPart[] | undefined {
  const text = body(source);
  if (text === undefined) return undefined;
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(header(source.facts, "content-type"));
  if (mediaType(source) !== "multipart/form-data" || !boundary) return [];
  const delimiter = `\r\n--${boundary[1] ?? boundary[2]}`;
  const sections = `\r\n${text}`.split(delimiter, MAX_PARTS + 1).slice(1);
  return sections.filter((section) => !section.startsWith("--")).map(part);
}

function part(section: string): MultipartPart {
  const end = section.indexOf("\r\n\r\n");
  const lines = (end < 0 ? section : section.slice(0, end)).split("\r\n").filter((line) => line.includes(":"));
  const values = (name: string) =>
    lines
      .filter((line) => lowerAscii(line.slice(0, line.indexOf(":")).trim()) === name)
      .map((line) => line.slice(line.indexOf(":") + 1).trim());
  const dispositions = values("content-disposition");
  return {
    names: dispositions.flatMap((line) => parameter(line, "name")),
    filenames: dispositions.flatMap((line) => parameter(line, "filename")),
    types: values("content-type"),
    dispositions,
    encodings: values("content-transfer-encoding"),
    value: end < 0 ? "" : section.slice(end + 4),
  };
}

function parameter(line: string, name: string): readonly string[] {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, "i").exec(line);
  return match ? [(match[1] ?? match[2] ?? "").replace(/\\(.)/gs, "$1")] : [];
}

const partField =
  (pick: (part: MultipartPart) => string | readonly string[]): Computer =>
  (source) =>
    multipart(source)?.map(pick);

/** First bytes that identify a type (https://mimesniff.spec.whatwg.org/#matching-a-mime-type-pattern). */
const SIGNATURES: readonly (readonly [start: string, type: string])[] = [
  ["\x89PNG\r\n\x1a\n", "image/png"],
  ["\xff\xd8\xff", "image/jpeg"],
  ["GIF87a", "image/gif"],
  ["GIF89a", "image/gif"],
  ["BM", "image/bmp"],
  ["II*\0", "image/tiff"],
  ["MM\0*", "image/tiff"],
  ["%PDF-", "application/pdf"],
  ["PK\x03\x04", "application/zip"],
  ["\x1f\x8b\x08", "application/gzip"],
];

export const BODY_COMPUTERS: Readonly<Record<string, Computer>> = {
  "http.request.body.raw": body,
  "http.request.body.size": (source) => {
    const length = header(source.facts, "content-length");
    return /^\d{1,15}$/.test(length) ? Number(length) : body(source)?.length;
  },
  "http.request.body.truncated": (source) => {
    const text = body(source);
    return text === undefined ? undefined : (source.get("http.request.body.size") as number) > text.length;
  },
  // A type without a signature is not guessed.
  "http.request.body.mime": (source) => {
    const text = body(source);
    return text === "" ? "" : text && SIGNATURES.find(([start]) => text.startsWith(start))?.[1];
  },
  "http.request.body.form": (source) => {
    const pairs = form(source);
    return pairs && byName(pairs);
  },
  "http.request.body.form.names": (source) => form(source)?.names,
  "http.request.body.form.values": (source) => form(source)?.values,
  "http.request.body.multipart": (source) => {
    const parts = multipart(source);
    return (
      parts && byName({ names: parts.map(({ names }) => names[0] ?? ""), values: parts.map(({ value }) => value) })
    );
  },
  "http.request.body.multipart.names": partField(({ names }) => names),
  "http.request.body.multipart.filenames": partField(({ filenames }) => filenames),
  "http.request.body.multipart.content_types": partField(({ types }) => types),
  "http.request.body.multipart.content_dispositions": partField(({ dispositions }) => dispositions),
  "http.request.body.multipart.content_transfer_encodings": partField(({ encodings }) => encodings),
  "http.request.body.multipart.values": partField(({ value }) => value),
};
