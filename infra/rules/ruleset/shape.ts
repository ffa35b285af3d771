import { didYouMean } from "../check/suggest.ts";
import { includesPlan, type Plan, planFrom, planName } from "../schema/plans.ts";
import type { ObjectParameterShape, ParameterShape, TextShape } from "../schema/shape.ts";
import { sizeOf } from "../text-size.ts";
import { below, kindOf, notEntitled, type RulesetProblem, type RulesetValue, short, type Tell } from "./diagnostic.ts";

/** What shapes depend on, and what receives the problems. */
export interface ShapeContext {
  readonly plan: Plan;
  readonly tell: Tell;
  /** Is given every expression that makes a value. */
  readonly expression: (place: RulesetValue & { readonly value: string }) => void;
}

/** An object of JSON, not a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Compares a value with a shape. It looks no deeper than the shape does, so that no JSON is too deep for it. */
export function checkShape(shape: ParameterShape, place: RulesetValue, context: ShapeContext): void {
  const { value, pointer } = place;
  const refuse = (problem: RulesetProblem): void => context.tell(place, problem);
  switch (shape.kind) {
    case "any":
      return;
    case "flag":
      if (typeof value !== "boolean") refuse(wrongType("true or false", value));
      return;
    case "text":
      if (typeof value === "string") checkText(shape, value, refuse);
      else refuse(wrongType("a string", value));
      return;
    case "expression":
      if (typeof value === "string") context.expression({ pointer, value });
      else refuse(wrongType("an expression", value));
      return;
    case "integer":
    case "number":
      if (typeof value !== "number" || (shape.kind === "integer" && !Number.isSafeInteger(value)))
        refuse(wrongType(shape.kind === "integer" ? "a whole number" : "a number", value));
      else if (!(value >= shape.min && value <= shape.max))
        refuse({ code: "out-of-range", message: `must be between ${shape.min} and ${shape.max}, got ${value}` });
      return;
    case "choice":
      if (!shape.values.some((known) => known === value))
        refuse({ code: "bad-choice", message: `'${short(value)}' is not one of ${shape.values.join(", ")}` });
      return;
    case "list":
      if (!Array.isArray(value)) refuse(wrongType("a list", value));
      else if (hasAllowedSize(value.length, shape, "entries", refuse))
        checkEntries(shape.of, value.entries(), pointer, context);
      return;
    case "record":
      if (!isObject(value)) refuse(wrongType("an object", value));
      else if (hasAllowedSize(Object.keys(value).length, shape, "keys", refuse))
        checkEntries(shape.of, Object.entries(value), pointer, context);
      return;
    case "object":
      if (isObject(value)) checkObject(shape, pointer, value, context);
      else refuse(wrongType("an object", value));
      return;
    case "plan":
      if (!includesPlan(context.plan, shape.needs))
        refuse({
          code: "parameter-plan",
          message: `${shape.what} needs ${planFrom(shape.needs)}, this is ${planName(context.plan)}`,
          hint: "leave it out, or take a larger plan",
          api: notEntitled(`${shape.what}`),
        });
      checkShape(shape.of, place, context);
  }
}

function checkEntries(
  of: ParameterShape,
  entries: Iterable<readonly [key: string | number, value: unknown]>,
  pointer: string,
  context: ShapeContext,
): void {
  for (const [key, value] of entries) checkShape(of, { pointer: below(pointer, key), value }, context);
}

function checkText(
  { min, limit, pattern, what }: TextShape,
  value: string,
  refuse: (problem: RulesetProblem) => void,
): void {
  const size = sizeOf(value, limit);
  if (size < min) refuse({ code: "empty-value", message: "must not be empty" });
  else if (size > limit.most) {
    refuse({ code: "too-long", message: `has ${size} ${limit.unit}, more than ${limit.most}` });
  } else if (pattern && !pattern.test(value)) {
    refuse({ code: "bad-format", message: `'${short(value)}' is not ${what}` });
  }
}

function checkObject(
  { members, required, count }: ObjectParameterShape,
  pointer: string,
  value: Readonly<Record<string, unknown>>,
  context: ShapeContext,
): void {
  const known = Object.keys(members);
  let given = 0;
  for (const [key, entry] of Object.entries(value)) {
    const at = { pointer: below(pointer, key), value: entry };
    const shape = Object.hasOwn(members, key) ? members[key] : undefined;
    if (!shape) {
      const message = `unknown field ${JSON.stringify(short(key))}`;
      const hint =
        didYouMean(key, known) ?? (known.length > 0 ? `there are ${known.join(", ")}` : "it takes no members");
      context.tell(at, {
        code: "unknown-key",
        message,
        hint,
        api: { code: 20000, message: `invalid JSON: ${message}` },
      });
    } else if (entry !== undefined) {
      given += 1;
      checkShape(shape, at, context);
    }
  }
  for (const key of required) {
    if (value[key] === undefined)
      context.tell({ pointer: below(pointer, key), value: undefined }, { code: "missing-key", message: "is required" });
  }
  const few = given === 0 && (count === "one" || count === "at least one");
  const many = given > 1 && (count === "one" || count === "at most one");
  if (few || many) {
    const which = count === "one" ? "exactly" : count === "at most one" ? "at most" : "at least";
    context.tell(
      { pointer, value },
      { code: "member-count", message: `must have ${which} one of ${known.join(", ")}` },
    );
  }
}

function hasAllowedSize(
  length: number,
  { min, max }: { readonly min: number; readonly max: number },
  what: string,
  refuse: (problem: RulesetProblem) => void,
): boolean {
  if (length < min) refuse({ code: "empty-value", message: "must not be empty" });
  else if (length > max) refuse({ code: "too-many-entries", message: `has ${length} ${what}, more than ${max}` });
  return length <= max;
}

function wrongType(expected: string, value: unknown): RulesetProblem {
  return { code: "wrong-type", message: `expected ${expected}, got ${kindOf(value)}` };
}
