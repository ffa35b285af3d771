/** What all commands share: how they are declared, how their arguments are read, how they fail and how they end. */
export {
  argument,
  argumentList,
  argumentsFromOne,
  flag,
  givenOptions,
  option,
  optionList,
  optionWithDefault,
  requiredOption,
} from "./define.ts";
export { CommandError, isExpectedFailure, UsageError } from "./failure.ts";
export { type Command, command, commandGroup, execute, runCommand } from "./run.ts";
export { matching, oneOf, text, type ValueKind, wholeNumber } from "./values.ts";
