// Pulumi's entry. Plain JavaScript, so that a Node.js that cannot load TypeScript can still print what is missing.
const needed = [24, 19];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  const error = new Error(
    `Causeway's program needs Node.js ${needed.join(".")} or newer; Pulumi runs it with ${process.versions.node} ` +
      `(${process.execPath}).\n` +
      "Run it as `npm run up -- --stack NAME`, which uses the one that `npm ci` brought along, or put a newer one on " +
      "PATH.",
  );
  // Pulumi prints such an error without its stack
  throw Object.assign(error, { __pulumiRunError: true });
}

// What the program exports as its default are the stack's outputs; the program of a destroy has none.
export default async () => {
  const { default: outputs = {} } = await import(
    process.env.CAUSEWAY_PURPOSE === "destroy" ? "./provider-only.ts" : "./index.ts"
  );
  return outputs;
};
