import { expect, test } from "@jest/globals";
import { stackName } from "../../../scripts/pulumi-cli/stack-name.ts";

test.each([
  ["prod", "prod"],
  ["acme/prod", "acme+prod"],
  ["acme/causeway/prod", "acme+prod"],
  ["organization/causeway/prod", "prod"],
  ["pr-7.preview", "pr-7.preview"],
])("O17: --stack %s is accepted, and its folder is %s", (text, folder) => {
  const project = text.split("/").length === 3 ? "causeway" : undefined;
  expect(stackName.parse(text)).toEqual({ text, project, folder });
});

test.each([
  "",
  "..",
  ".",
  "../prod",
  "acme/..",
  "acme/../prod",
  "/prod",
  "prod/",
  "a/b/c/d",
  "a+b",
  "a b",
  "-x",
  "a\\b",
])("%j is no name of a stack", (text) => {
  expect(stackName.parse(text)).toBeUndefined();
});
