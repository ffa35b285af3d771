/** How a command of a bundle is called, up to its own arguments. It takes the place of command-line/invocation.ts. */
export function invocation(name: string): string {
  return `causeway ${name}`;
}
