import { HomeStand } from '../support/home.ts';
import { HomeVisit } from '../web/home-support.ts';
import { median, timed } from './median.ts';

/** Milliseconds for the approver's home page while this many windows are open. */
export async function homePage(windows: number): Promise<number> {
  const stand = await HomeStand.open();
  try {
    await stand.pairApp();
    const visit = new HomeVisit(stand);
    await visit.signIn();
    stand.openWindows(windows);
    return await median(101, () => timed(() => visit.get('/')));
  } finally {
    await stand.close();
  }
}
