import type { Express, RequestHandler } from 'express';
import type { BaseParts } from './base.ts';
import { answering, send } from './base.ts';
import { refuse } from './answer.ts';
import { placeOf } from './place.ts';
import type { HomeRoute } from './routes/home.ts';

/** Adds the approver's home page. Any other method is a dead link, as it is at a path that does not exist. */
export function addHomeRoutes(app: Express, parts: BaseParts, home: HomeRoute, form: RequestHandler): void {
  const get = (path: string, handle: HomeRoute['show']): void => void app.get(path, answering(parts, handle));
  const post = (path: string, handle: HomeRoute['signIn']): void =>
    void app.post(
      path,
      form,
      answering(parts, (request, place) => handle(request, place, request.body)),
    );
  get('/', home.show);
  get('/board', home.look);
  post('/sign-in', home.signIn);
  post('/sign-in/challenge', home.challenge);
  post('/sign-out', home.signOut);
  post('/windows/end', home.endWindows);
  app.get('/events', async (request, response) => {
    const place = placeOf(request, parts.address);
    const answer = place === null ? refuse(parts.pages, 'wrongHost') : await home.listen(request, place, response);
    if (answer !== null) send(response, answer);
  });
}
