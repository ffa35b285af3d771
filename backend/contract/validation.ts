import { type ActionParams, Validators } from "moleculer";
import { object, type Params, type ValueSchema } from "../surface/grammar.ts";
import { compileValidator, type Mismatch } from "../surface/validator.ts";

/** What Moleculer's middleware calls. It puts the mismatches into a `ValidationError`. */
type ParamsChecker = (params: unknown) => true | Mismatch[];

/**
 * The validator of the broker: `params` of an action is a schema of the surface's grammar. Moleculer compiles it when
 * the service is created.
 */
class GrammarValidator extends Validators.Base {
  compile(schema: object): never {
    const validate = compileValidator(schema as ValueSchema);
    const check: ParamsChecker = (params) => {
      const mismatch = validate(params);
      return mismatch === undefined ? true : [mismatch];
    };
    return check as never; // Moleculer's own type leaves out the list that its middleware takes
  }

  validate(params: object, schema: object): boolean {
    return compileValidator(schema as ValueSchema)(params) === undefined;
  }

  convertSchemaToMoleculer(schema: object): object {
    return schema;
  }
}

export const createValidator = () => new GrammarValidator({});

/** The schema of declared parameters. Values are not converted, and undeclared parameters are refused. */
export function rulesOf(params: Params): ActionParams {
  return { ...object(params) };
}
