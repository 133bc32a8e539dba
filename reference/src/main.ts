/** Writes all generated pages: a part of `npm run generate`. */
import { writeFileSync } from 'node:fs';
import { PAGE_PATHS, fileOf, pageText } from './pages.js';

for (const path of PAGE_PATHS) writeFileSync(fileOf(path), await pageText(path));
