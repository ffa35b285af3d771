import type { ActionParams, ActionParamTypes } from "moleculer";
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

function ruleOf(param: Param): ActionParamTypes {
  const optional = param.optional === true;
  switch (param.type) {
    case "integer":
      return { type: "number", integer: true, min: param.min, max: param.max, optional };
    case "email":
      return { type: "string", max: param.max, pattern: EMAIL, custom: text, optional };
    case "string":
      return { type: "string", min: param.min, max: param.max, custom: text, optional };
  }
}

/** The validation rules of declared parameters: nothing is converted, and what is not declared is refused. */
export function rulesOf(params: Params): ActionParams {
  return {
    $$strict: true,
    ...Object.fromEntries(Object.entries(params).map(([name, param]) => [name, ruleOf(param)])),
  };
}
