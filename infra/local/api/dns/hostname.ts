/** Whether a name, without the dot at its end, may be the target of a record. */
export function isHostname(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
}
