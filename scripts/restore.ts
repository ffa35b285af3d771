// `npm run restore -- FILE`: puts a backup in the place of the embedded database. The backend must not run meanwhile.
import { readConfig } from "../backend/config.ts";
import { restore } from "../backend/store/backup.ts";

const [file, ...rest] = process.argv.slice(2);
if (file === undefined || file.startsWith("-") || rest.length > 0) {
  console.error(
    "npm run restore -- FILE    puts the backup in FILE in the place of the embedded database; stop the backend first",
  );
  process.exit(2);
}
try {
  const { dataDir, databaseUrl } = readConfig(process.env);
  if (databaseUrl !== undefined)
    throw new Error("The data is in PostgreSQL (DATABASE_URL): restore it with pg_restore.");
  const { kept } = restore(dataDir, file);
  console.log(
    `The database is the one of ${file} now.${kept === undefined ? "" : ` The one before is kept as ${kept}.`}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
