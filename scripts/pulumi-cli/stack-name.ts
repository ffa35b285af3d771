import type { ValueKind } from "../command-line/index.ts";

/** A stack as `--stack` names it. */
export interface StackName {
  /** As the operator wrote it, which is how the CLI takes it: `prod`, `acme/prod` or `acme/causeway/prod`. */
  readonly text: string;
  /** Where the name has one. It must be the project of this folder. */
  readonly project?: string | undefined;
  /** Name of the folder for what belongs to the stack; no path. */
  readonly folder: string;
}

/** Pulumi's own characters for the parts of a name. A part is never `.` or `..`. */
const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;

/** The one organization of backends that are not Pulumi Cloud. */
const NO_ORGANIZATION = "organization";

/**
 * The project is this folder's, so the folder's name needs the organization and the stack only. They are joined by a
 * plus sign, which no name has, so that two stacks never share a folder.
 */
export const stackName: ValueKind<StackName> = {
  expected: "the name of a stack, such as prod, acme/prod or acme/causeway/prod",
  parse(text) {
    const parts = text.split("/");
    if (parts.length > 3 || !parts.every((part) => PART.test(part))) return undefined;
    const stack = parts.at(-1) ?? "";
    const [organization = NO_ORGANIZATION] = parts.length > 1 ? parts : [];
    const project = parts.length === 3 ? parts[1] : undefined;
    return { text, project, folder: organization === NO_ORGANIZATION ? stack : `${organization}+${stack}` };
  },
};
