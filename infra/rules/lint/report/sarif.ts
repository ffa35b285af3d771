import { excerpt, locate } from "../../render.ts";
import type { Finding, Lint } from "../lint.ts";
import { placeOf } from "./text.ts";

const levels = { error: "error", warning: "warning", hint: "note" } as const;

/**
 * Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code scanning services read.
 * `artifact` is the file of a finding whose place is not known. The place in an expression is in the message and in the
 * logical location.
 */
export function sarifReport(findings: readonly Finding[], lints: readonly Lint[], artifact: string): string {
  const names = [...new Set([...lints.map(({ name }) => name), ...findings.map(({ code }) => code)])];
  const rules = names.map((id) => {
    const known = lints.find(({ name }) => name === id);
    return {
      id,
      ...(known && {
        shortDescription: { text: known.about },
        defaultConfiguration: { level: levels[known.severity] },
      }),
    };
  });
  const results = findings.map((finding) => {
    const { line, column } = locate(finding.text, finding.span.start);
    return {
      ruleId: finding.code,
      ruleIndex: names.indexOf(finding.code),
      level: levels[finding.severity],
      message: { text: messageOf(finding, line, column) },
      locations: [
        {
          physicalLocation: physicalLocation(finding, artifact),
          logicalLocations: [{ fullyQualifiedName: placeOf(finding).replaceAll(" ", "/") }],
        },
      ],
      partialFingerprints: {
        causeway: `${placeOf(finding)} ${finding.code} ${found(finding)}`,
      },
    };
  });
  const driver = { name: "causeway rules", rules };
  return JSON.stringify(
    {
      $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      version: "2.1.0",
      runs: [{ tool: { driver }, results }],
    },
    null,
    2,
  );
}

function physicalLocation({ place }: Finding, artifact: string) {
  const region = place ? { startLine: place.line, startColumn: place.column } : { startLine: 1 };
  return { artifactLocation: { uri: place?.file ?? artifact }, region };
}

function messageOf(finding: Finding, line: number, column: number): string {
  const at = found(finding);
  return [
    `${placeOf(finding)}, ${line}:${column}: ${finding.message}`,
    ...(at ? [`at: ${at}`] : []),
    ...(finding.hint ? [finding.hint] : []),
  ].join("\n");
}

/** What is wrong in the text; the beginning of what is long. */
function found({ text, span }: Finding): string {
  return excerpt(text.slice(span.start, span.end), 0, 0).text;
}
