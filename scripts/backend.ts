// `npm run backend`: the backend alone, as it runs behind a tunnel. Everything it can be told stands in backend/config.ts.
import { ConfigError, readConfig } from "../backend/config.ts";
import { endWith, PortError, startBackend } from "../backend/main.ts";

import { StoreError } from "../backend/store/index.ts";
import { loadAssets } from "../backend/web/index.ts";

try {
  const config = readConfig(process.env);
  const backend = await startBackend(config, { assets: await loadAssets() });
  endWith(backend);
  if (backend.outbox !== undefined)
    console.error(`Mails are not sent: they go into ${backend.outbox} (set MAIL_URL to send them).`);
  if (backend.setupPath !== undefined) {
    const address = config.origins[0] ?? backend.url;
    // not in the log, which is kept and read by others
    console.error(`There is no administrator yet. Register the first one at ${address}${backend.setupPath}`);
  }
} catch (error) {
  const known = error instanceof ConfigError || error instanceof PortError || error instanceof StoreError;
  console.error(known ? error.message : error);
  process.exitCode = 1;
}
