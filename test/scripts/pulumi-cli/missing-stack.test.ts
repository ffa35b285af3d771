import { expect, test } from "@jest/globals";
import { missingStackAdvice } from "../../../scripts/pulumi-cli/cli.ts";

test("a stack without a configuration is to be made from the example", () => {
  const advice = missingStackAdvice("prod", () => false);
  expect(advice).toMatch(/^Copy Pulumi\.example\.yaml to Pulumi\.prod\.yaml .* `pulumi stack init prod`\.$/);
});

test("a configuration that is there is never to be replaced, since its secrets are needed where the state is lost", () => {
  const advice = missingStackAdvice("acme/prod", (file) => file === "Pulumi.prod.yaml");
  expect(advice).toMatch(/^Pulumi\.prod\.yaml is there; keep it\. .*`pulumi stack init acme\/prod`.*"A lost state"/);
  expect(advice).not.toContain("Copy");
});
