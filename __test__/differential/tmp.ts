import { compareWorld, newTally } from "./support/compare.ts";
import { startReference } from "./support/python.ts";
const [from, to, values, damaged] = process.argv.slice(2).map(Number);
const ref = startReference(); const tally = newTally(); const t0=performance.now(); let bad=0;
for (let s=from!; s<to!; s++) { try { await compareWorld(ref, s, {values: values!, damaged: damaged!}, tally);} catch(e){ console.log(String(e).slice(0,2500)); if(++bad>=(Number(process.env.BAD)||2)) break;} }
await ref.stop(); console.log(tally, performance.now()-t0); process.exit(0);
