/** Why a deployment cannot be run. */
export type EngineErrorCode =
  /** The expression, counting expression or a characteristic does not compile. */
  | "expression"
  /** Cloudflare has this phase, action or parameter; this engine does not imitate it. */
  | "no-semantics"
  /** Cloudflare's API would refuse the rule. */
  | "invalid-rule"
  /** `execute` names a ruleset that is not deployed. */
  | "unknown-ruleset";

/** A deployment that the engine refuses, with the ruleset and the rule at fault: it never runs a policy by halves. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineErrorCode;
  /** Name of the ruleset. */
  readonly ruleset: string;
  /** `ref` of the rule, or its id; absent where the ruleset itself is at fault. */
  readonly rule: string | undefined;

  constructor(code: EngineErrorCode, at: { readonly ruleset: string; readonly rule?: string }, problem: string) {
    super(`ruleset "${at.ruleset}"${at.rule === undefined ? "" : `, rule "${at.rule}"`}: ${problem}`);
    this.code = code;
    this.ruleset = at.ruleset;
    this.rule = at.rule;
  }
}
