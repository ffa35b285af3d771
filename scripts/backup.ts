// `npm run backup -- FILE`: copies the embedded database into one file, while the backend runs.
import { readConfig } from "../backend/config.ts";
import { backUp } from "../backend/store/backup.ts";

const [file, ...rest] = process.argv.slice(2);
if (file === undefined || file.startsWith("-") || rest.length > 0) {
  console.error("npm run backup -- FILE    copies the embedded database into FILE, while the backend runs");
  process.exit(2);
}
try {
  const { dataDir, databaseUrl } = readConfig(process.env);
  if (databaseUrl !== undefined) throw new Error("The data is in PostgreSQL (DATABASE_URL): back it up with pg_dump.");
  await backUp(dataDir, file);
  console.log(`The database is copied to ${file}. It holds keys and password hashes: keep it as safe as the original.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
