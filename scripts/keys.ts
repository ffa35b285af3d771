// `npm run keys -- rotate`: a new key for access tokens, while the backend runs. Nobody is signed out.
import { readConfig } from "../backend/config.ts";
import { generateSigningKey } from "../backend/domain/access-token.ts";
import { KEY_DELAY, KEY_OVERLAP } from "../backend/services/key-ring.ts";
import { openStore } from "../backend/store/index.ts";

const [command, ...rest] = process.argv.slice(2);
try {
  if (command !== "rotate" || rest.length > 0) throw new Error("npm run keys -- rotate");
  const store = await openStore(readConfig(process.env));
  try {
    await store.keys.rotate("access", generateSigningKey(), Date.now());
  } finally {
    await store.close();
  }
  console.log(
    `A new key signs access tokens in ${KEY_DELAY / 1000} s; the one before is trusted for ${Math.ceil(KEY_OVERLAP / 60_000)} minutes more.`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
