import { isUtf8 } from "node:buffer";
import type { BodySample } from "../edge/index.ts";
import type { RecordedBody } from "./console-data.ts";
import type { Masker } from "./masker.ts";

/** Reads what was kept of a body and masks it. `lines` are the headers that came with it. */
export function recordedBody(
  sample: BodySample,
  lines: readonly (readonly [name: string, value: string])[],
  masker: Masker,
): RecordedBody {
  const type = headerValue(lines, "content-type");
  const encoding = headerValue(lines, "content-encoding");
  const { bytes } = sample;
  if (bytes === 0) return { bytes, kind: "text", content: "", type, isCut: false };
  if (encoding !== "" && encoding !== "identity") return { bytes, kind: "compressed", content: "", type, isCut: false };
  const kept = sample.read();
  const isCut = kept.length < bytes;
  const text = isImage(type) ? undefined : textOf(kept, isCut);
  return text === undefined
    ? { bytes, kind: "bytes", content: kept.toString("base64"), type, isCut }
    : { bytes, kind: "text", content: masker.body(text, type), type, isCut };
}

const isImage = (type: string): boolean => type.startsWith("image/") && !type.startsWith("image/svg");

/** The bytes as UTF-8; undefined where they are not. Where the body was cut, the last character may be cut too. */
function textOf(bytes: Buffer, isCut: boolean): string | undefined {
  for (let cut = 0; cut <= (isCut ? 3 : 0); cut += 1) {
    const whole = bytes.subarray(0, bytes.length - cut);
    if (isUtf8(whole)) return whole.toString();
  }
  return undefined;
}

function headerValue(lines: readonly (readonly [name: string, value: string])[], name: string): string {
  return (lines.find(([other]) => other.toLowerCase() === name)?.[1] ?? "").trim().toLowerCase();
}
