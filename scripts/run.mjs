// Every npm script starts here: `node scripts/run.mjs NAME [argument ...]`. Plain JavaScript, so that a Node.js that is too old
// to load TypeScript can still say what is missing.
const needed = [24, 19];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `Causeway needs Node.js ${needed.join(".")} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      "`npm ci` brings one along on Linux (x64, arm64), macOS and Windows (x64): run the commands through npm, as in `npm start`.\n" +
      "Elsewhere install Node.js 26 from https://nodejs.org and try again.",
  );
  process.exit(1);
}

// Node calls the stripping of types experimental that this whole project runs by; every other warning appears as ever.
const { emitWarning } = process;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).startsWith("stripTypeScriptTypes")) emitWarning.call(process, warning, ...rest);
};

const [name = "", ...args] = process.argv.slice(2);
process.argv.splice(1, process.argv.length - 1, name, ...args);
await import(`./${name}.ts`);
