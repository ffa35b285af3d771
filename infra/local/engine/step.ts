/** What was done, or would be, with one resource. */
export interface DeploymentStep {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly op: "create" | "import" | "update" | "replace" | "delete" | "forget" | "same";
}
