import { locate } from "../../render.ts";
import type { Finding } from "../lint.ts";
import { placeOf } from "./text.ts";

const commands = { error: "error", warning: "warning", hint: "notice" } as const;

/**
 * Findings as workflow commands, which GitHub shows beside the file
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). `file` is named where a finding's
 * place is not known.
 */
export function githubReport(findings: readonly Finding[], file: string): string {
  return findings
    .map((finding) => {
      const { line, column } = locate(finding.text, finding.span.start);
      const hint = finding.hint ? `\n${finding.hint}` : "";
      const message = `${placeOf(finding)}, ${line}:${column}: ${finding.message}${hint}`;
      const { place } = finding;
      const at =
        place === undefined ? property(file) : `${property(place.file)},line=${place.line},col=${place.column}`;
      return `::${commands[finding.severity]} file=${at},title=${property(finding.code)}::${data(message)}`;
    })
    .join("\n");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
