/** Runs attacks against one set-up, in a namespace of its own: `worker.ts <set-up> <folder> [id]`. One line of JSON per attack. */
import type { Attack, SetUp } from './attack.ts';
import { setUps } from './attack.ts';
import { attacks } from './attacks.ts';
import { NotAllowed } from './hands.ts';
import type { Measurement } from './measurement.ts';
import { Scene } from './scene.ts';
import { missing } from './tools.ts';
import { openWorld } from './world.ts';

const [wanted, folder = '', only] = process.argv.slice(2);
const setUp = setUps.find((each) => each === wanted);
if (setUp === undefined) throw new Error(`there is no set-up ${wanted ?? ''}`);
await measureAll(
  setUp,
  attacks.filter((attack) => attack.claims[setUp] !== 'n/a' && (only === undefined || attack.id.includes(only))),
);

async function measureAll(setUp: SetUp, chosen: readonly Attack[]): Promise<void> {
  const world = await openWorld(folder, setUp);
  try {
    for (const attack of chosen) {
      await world.reset();
      const started = performance.now();
      const outcome = await measure(attack, new Scene(world));
      tell({ id: attack.id, setUp, ms: Math.round(performance.now() - started), ...outcome });
    }
  } finally {
    await world.close();
  }
  // Some attacks wait for what never comes.
  process.exit();
}

async function measure(attack: Attack, scene: Scene): Promise<Pick<Measurement, 'result' | 'why'>> {
  const tool = attack.needs?.find((each) => missing.has(each));
  if (tool !== undefined) return { result: 'not run', why: `${tool} is not installed` };
  try {
    return { result: (await inTime(attack.run(scene))) ? 'succeeds' : 'resisted', why: null };
  } catch (thrown) {
    if (thrown instanceof NotAllowed) return { result: 'resisted', why: 'the system refused it' };
    return { result: 'not run', why: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  } finally {
    await scene.close();
  }
}

/** An attack that hangs says nothing about the defence. */
async function inTime(attack: Promise<boolean>): Promise<boolean> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the attack took longer than a minute')), 60_000);
  try {
    return await Promise.race([attack, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function tell(measurement: Measurement): void {
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}
