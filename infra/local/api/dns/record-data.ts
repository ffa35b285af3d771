/**
 * Records that are given in parts, as `data`, and whose `content` is made of them: CAA (RFC 8659), SRV (RFC 2782) and
 * HTTPS (RFC 9460). Unrecorded (CAA, SRV, HTTPS): the members follow Cloudflare's OpenAPI document, the checks the
 * RFCs.
 */
import { invalid } from "../errors.ts";
import { type BodyShape, integer, type JsonObject, object, text } from "../shape.ts";
import { isHostname } from "./hostname.ts";
import { serviceParametersProblem } from "./service-parameters.ts";

/** 16 bits without a sign. */
const number16 = integer(0, 65_535);

/** How records of one type are checked and written. */
interface DataRules {
  readonly shape: BodyShape;
  /** The data as stored, and the content. @throws 400 where a member's text is wrong */
  read(data: JsonObject): { readonly data: JsonObject; readonly content: string };
}

const caa: DataRules = {
  shape: object({
    "flags*": integer(0, 255),
    "tag*": text({ pattern: /^[a-z0-9]{1,15}$/, what: "up to 15 small letters and digits" }),
    // a quotation mark or a backslash would need an escape in the content
    "value*": text({ max: 2048, pattern: /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/, what: 'printable ASCII without " and \\' }),
  }),
  read: (data) => ({ data, content: `${data.flags} ${data.tag} "${data.value}"` }),
};

const srv: DataRules = {
  shape: object({ "priority*": number16, "weight*": number16, "port*": number16, "target*": text({ min: 1 }) }),
  read(given) {
    const data = { ...given, target: targetOf(given, "SRV") };
    return { data, content: `${given.priority} ${given.weight} ${given.port} ${data.target}` };
  },
};

const https: DataRules = {
  shape: object({
    "priority*": number16,
    "target*": text({ min: 1 }),
    "value*": text({ max: 4096, pattern: /^[\x20-\x7e]*$/, what: "printable ASCII" }),
  }),
  read(given) {
    const data = { ...given, target: targetOf(given, "HTTPS") };
    const value = String(given.value).trim();
    const problem =
      given.priority === 0
        ? value !== "" && "a record with the priority 0 is an alias, and has no parameters"
        : serviceParametersProblem(value);
    if (problem) throw invalid(9101, `Data for HTTPS record is invalid: ${problem}.`, "/data/value");
    return { data, content: `${given.priority} ${data.target}${value === "" ? "" : ` ${value}`}` };
  },
};

/** The types that have data instead of a content. */
export const dataTypes = { CAA: caa, SRV: srv, HTTPS: https } as const;

export type DataType = keyof typeof dataTypes;

export function isDataType(type: unknown): type is DataType {
  return typeof type === "string" && Object.hasOwn(dataTypes, type);
}

/** `.` says that there is no such service (SRV), or that it is the record's own name (HTTPS). */
function targetOf({ target }: JsonObject, type: string): string {
  const given = String(target).toLowerCase();
  if (given === ".") return given;
  const name = given.replace(/\.$/, "");
  if (!isHostname(name)) throw invalid(9101, `Data for ${type} record is invalid: target.`, "/data/target");
  return name;
}
