/**
 * Formats of strings (JSON Schema Validation 7.3). The time of each check grows linearly with the length of the string.
 */
export const FORMATS = {
  /** One character before the @, a dot in the domain, no space, no second @. */
  email: /^[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/,
  /** RFC 9562, in small letters or capitals. */
  uuid: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
  /** A day of the calendar: `2026-02-28`. */
  date: isDate,
  /** RFC 3339, with seconds and an offset: `2026-02-28T23:59:59Z`. */
  "date-time": isDateTime,
  /** An address of http or https. */
  uri: isWebAddress,
} as const satisfies Readonly<Record<string, RegExp | ((text: string) => boolean)>>;
export type Format = keyof typeof FORMATS;

/** Whether the text has the format. */
export function hasFormat(format: Format, text: string): boolean {
  const check = FORMATS[format];
  return typeof check === "function" ? check(text) : check.test(text);
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (day === undefined) return false;
  const time = new Date(`${text}T00:00:00Z`);
  // a day that the month does not have becomes one of the next month, or no time at all
  return (
    time.getUTCFullYear() === Number(year) &&
    time.getUTCMonth() + 1 === Number(month) &&
    time.getUTCDate() === Number(day)
  );
}

function isDateTime(text: string): boolean {
  return text[10] === "T" && isDate(text.slice(0, 10)) && TIME.test(text.slice(11));
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[!-~]+$/i.test(text) && URL.canParse(text);
}
