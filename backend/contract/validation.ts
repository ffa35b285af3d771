import { type ActionParams, type ActionParamTypes, Validators } from "moleculer";
import type { Param, Params } from "../surface.ts";

interface Complaint {
  readonly type: string;
}

// One character before the @, a dot in the domain, no space, no second @: linear, unlike most e-mail patterns.
const EMAIL = /^[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/;

/** Text must be storable everywhere: PostgreSQL takes no NUL, and a lone surrogate has no UTF-8. */
function text(value: unknown, errors: Complaint[]): unknown {
  if (typeof value === "string" && (!value.isWellFormed() || value.includes("\0"))) errors.push({ type: "stringText" });
  return value;
}

/**
 * The validator of the broker. Without the option, `null` for an optional parameter passes unchecked, and a handler
 * that expects text or nothing gets it; with it, `nullable` decides.
 */
export const createValidator = () => new Validators.Fastest({ considerNullAsAValue: true });

function ruleOf(param: Param): ActionParamTypes {
  const common = { optional: param.optional === true, nullable: false };
  switch (param.type) {
    case "integer":
      return { type: "number", integer: true, min: param.min, max: param.max, ...common };
    case "email":
      return { type: "string", max: param.max, pattern: EMAIL, custom: text, ...common };
    case "string":
      return { type: "string", min: param.min, max: param.max, custom: text, ...common };
  }
}

/** The validation rules of declared parameters: nothing is converted, and what is not declared is refused. */
export function rulesOf(params: Params): ActionParams {
  return {
    $$strict: true,
    ...Object.fromEntries(Object.entries(params).map(([name, param]) => [name, ruleOf(param)])),
  };
}
