import { refuse } from "../../contract/index.ts";

/** A part of a form (RFC 7578). */
export interface FormPart {
  readonly name: string;
  /** Undefined for a part that is no file. */
  readonly fileName: string | undefined;
  /** Media type in small letters without parameters; undefined where the part names none. */
  readonly type: string | undefined;
  readonly data: Buffer;
}

/** The characters of a boundary (RFC 2046 5.1.1); the last one is no space. */
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;
const CONTENT_TYPE = /^multipart\/form-data\s*;\s*boundary=(?:"([^"\\]{1,70})"|([^\s";,]{1,70}))\s*$/i;
/** Maximum header lines of a part, and their bytes. */
const MAX_LINES = 8;
const MAX_HEAD_BYTES = 2 * 1024;
const CRLF = "\r\n";
const HEAD_END = Buffer.from("\r\n\r\n");

/** The boundary in a `Content-Type`; undefined for what is no form. */
export function boundaryOf(contentType: string | undefined): string | undefined {
  const [, quoted, plain] = CONTENT_TYPE.exec(contentType ?? "") ?? [];
  const boundary = quoted ?? plain;
  return boundary !== undefined && BOUNDARY.test(boundary) ? boundary : undefined;
}

/**
 * Reads a form of at most `maxParts` parts in a time linear in its length. It has to be exactly as browsers, curl and
 * fetch write it: text before the first or after the last boundary, headers that say something in two ways, and a part
 * without an end are refused, never skipped. Throws BAD_REQUEST, or PAYLOAD_TOO_LARGE where there are more parts.
 */
export function readParts(body: Buffer, boundary: string, maxParts: number): readonly FormPart[] {
  const delimiter = Buffer.from(`${CRLF}--${boundary}`, "latin1");
  const opening = delimiter.subarray(CRLF.length);
  if (!body.subarray(0, opening.length).equals(opening)) throw malformed();
  const parts: FormPart[] = [];
  for (let at = opening.length; !isEnd(body, at); ) {
    if (body.toString("latin1", at, at + CRLF.length) !== CRLF) throw malformed();
    if (parts.length === maxParts) throw refuse("PAYLOAD_TOO_LARGE");
    const start = at + CRLF.length;
    const headEnd = body.subarray(start, start + MAX_HEAD_BYTES).indexOf(HEAD_END);
    const end = body.indexOf(delimiter, start);
    if (headEnd < 0 || end < start + headEnd + HEAD_END.length) throw malformed();
    const head = body.subarray(start, start + headEnd);
    parts.push({ ...readHead(head), data: body.subarray(start + headEnd + HEAD_END.length, end) });
    at = end + delimiter.length;
  }
  return parts;
}

/** Whether the boundary before this offset was the last one. An empty line may follow it. */
function isEnd(body: Buffer, at: number): boolean {
  const rest = body.toString("latin1", at, at + 5);
  if (!rest.startsWith("--")) return false;
  if (rest !== "--" && rest !== `--${CRLF}`) throw malformed();
  return true;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readHead(head: Buffer): Omit<FormPart, "data"> {
  const headers = new Map<string, string>();
  const lines = decodeUtf8(head).split(CRLF);
  if (lines.length > MAX_LINES) throw malformed();
  for (const line of lines) {
    const [, name, value] = /^([\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    const key = name?.toLowerCase();
    if (key === undefined || value === undefined || /[\r\n\0]/.test(value) || headers.has(key)) throw malformed();
    headers.set(key, value);
  }
  // other encodings would have to be decoded; they are deprecated, and no client sends them (RFC 7578 4.7)
  if (!/^(?:|7bit|8bit|binary)$/i.test(headers.get("content-transfer-encoding") ?? "")) throw malformed();
  const type = headers.get("content-type");
  return {
    ...readDisposition(headers.get("content-disposition") ?? ""),
    type: type === undefined ? undefined : (type.split(";", 1)[0] ?? "").trim().toLowerCase(),
  };
}

const DISPOSITION = /^form-data((?:;[ \t]*[a-z]+="(?:[^"\\]|\\.)*")+)$/i;
const PARAMETER = /;[ \t]*([a-z]+)="((?:[^"\\]|\\.)*)"/giy;

function readDisposition(value: string): { readonly name: string; readonly fileName: string | undefined } {
  const [, list] = DISPOSITION.exec(value) ?? [];
  const found = new Map<string, string>();
  for (const [, key = "", quoted = ""] of (list ?? "").matchAll(PARAMETER)) {
    if (found.has(key.toLowerCase())) throw malformed();
    found.set(key.toLowerCase(), unescaped(quoted));
  }
  const name = found.get("name");
  if (name === undefined) throw malformed();
  return { name, fileName: found.get("filename") };
}

/**
 * Replaces the escapes of browsers (HTML Living Standard, multipart form data) and of curl. Browsers do not escape a
 * backslash.
 */
function unescaped(quoted: string): string {
  return quoted.replace(/\\(["\\])|%(22|0D|0A)/gi, (_all, plain: string | undefined, code: string | undefined) =>
    plain === undefined ? String.fromCharCode(Number.parseInt(code ?? "", 16)) : plain,
  );
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed();
  }
}

function malformed() {
  return refuse("BAD_REQUEST");
}
