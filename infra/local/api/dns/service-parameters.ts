/**
 * The parameters of an HTTPS record in their text form: names with values, `alpn="h3,h2" port=8443`
 * (RFC 9460, section 2.1 and appendix A).
 */
import { isIPv4, isIPv6 } from "node:net";

/** One parameter; a value in quotation marks may have spaces. Escapes are not taken. */
const PARAMETER = /^([a-z0-9-]{1,63})(?:=(?:"([^"\\]*)"|([^\s"\\]+)))?(?:\s+|$)/;

const every = (value: string, test: (item: string) => boolean): boolean => value.split(",").every(test);

/** Whether a value is right, by the parameter's name; undefined stands for none. */
const VALUES: Readonly<Record<string, (value: string | undefined) => boolean>> = {
  mandatory: (value = "") => every(value, (name) => isKnown(name) && name !== "mandatory"),
  alpn: (value = "") => every(value, (id) => /^[\x21-\x7e]{1,255}$/.test(id)),
  "no-default-alpn": (value) => value === undefined,
  port: (value = "") => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
  ipv4hint: (value = "") => every(value, isIPv4),
  ech: (value = "") => /^[A-Za-z0-9+/]+={0,2}$/.test(value),
  ipv6hint: (value = "") => every(value, (address) => isIPv6(address) && !address.includes("%")),
};

const isKnown = (name: string): boolean => Object.hasOwn(VALUES, name) || /^key(0|[1-9]\d{0,4})$/.test(name);

/** What is wrong with the parameters; undefined where nothing is. */
export function serviceParametersProblem(text: string): string | undefined {
  const given = new Map<string, string | undefined>();
  for (let rest = text; rest !== ""; ) {
    const found = PARAMETER.exec(rest);
    if (!found) return `expected a parameter like alpn="h3,h2" at ${JSON.stringify(rest.slice(0, 50))}`;
    const [whole, name = "", quoted, bare] = found;
    if (!isKnown(name)) return `there is no parameter ${name}`;
    if (given.has(name)) return `${name} is there twice`;
    const value = quoted ?? bare;
    if (Object.hasOwn(VALUES, name) && !VALUES[name]?.(value)) return `the value of ${name} is wrong`;
    given.set(name, value);
    rest = rest.slice(whole.length);
  }
  const missing = given
    .get("mandatory")
    ?.split(",")
    .find((name) => !given.has(name));
  if (missing !== undefined) return `mandatory names ${missing}, which is not there`;
  if (given.has("no-default-alpn") && !given.has("alpn")) return "no-default-alpn needs alpn";
  return undefined;
}
